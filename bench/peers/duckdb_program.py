"""The same in SQL: DuckDB reads, joins and aggregates on all cores. For metrics that are sums and counts.

`python duckdb_program.py METRIC SOLUTION SUBMISSION` prints {"public": …, "private": …}.
"""

import json
import sys
from collections import defaultdict

import duckdb

JOINED = """
    create temp view joined as select s."Usage" as split, s.target as truth, p.target as said
    from read_csv('{solution}') s join read_csv('{submission}') p using (id)
"""
SUMS = {
    "rmse": "sqrt(avg((truth - said) ** 2))",
    "rmse_string_ids": "sqrt(avg((truth - said) ** 2))",
    "log_loss": "-avg(ln(case when truth = 1 then said else 1 - said end))",
}
AREA = """
    with scores as (
        select split, said, count(*) filter (truth = 1) as positive, count(*) filter (truth = 0) as negative
        from joined group by split, said
    ), below as (
        select *, sum(negative) over (partition by split order by said) - negative as below from scores
    )
    select split, sum(positive * (below + negative / 2)) / (sum(positive) * sum(negative)) from below group by split
"""


def quadratic_kappa(counts):
    total = sum(counts.values())
    rows, columns = defaultdict(int), defaultdict(int)
    for (truth, said), n in counts.items():
        rows[truth] += n
        columns[said] += n
    seen = sum(n * (truth - said) ** 2 for (truth, said), n in counts.items())
    return 1 - seen * total / sum(a * b * (i - j) ** 2 for i, a in rows.items() for j, b in columns.items())


def f1_macro(counts):
    met = defaultdict(int)
    for (truth, said), n in counts.items():
        met[truth] += n
        met[said] += n
    return sum(2 * counts.get((name, name), 0) / n for name, n in met.items()) / len(met)


OF_COUNTS = {"qwk": quadratic_kappa, "f1_macro": f1_macro}
METRICS = [*SUMS, "roc_auc", *OF_COUNTS]


def scores(database, metric):
    if metric in SUMS:
        return database.execute(f"select split, {SUMS[metric]} from joined group by split").fetchall()
    if metric == "roc_auc":
        return database.execute(AREA).fetchall()
    of_split = defaultdict(dict)
    for split, truth, said, n in database.execute("select split, truth, said, count(*) from joined group by all").fetchall():
        of_split[split][truth, said] = n
    return [(split, OF_COUNTS[metric](counts)) for split, counts in of_split.items()]


if __name__ == "__main__":
    name, solution, submission = sys.argv[1:]
    database = duckdb.connect()
    database.execute(JOINED.format(solution=solution, submission=submission))
    print(json.dumps({split.lower(): float(score) for split, score in scores(database, name)}))
