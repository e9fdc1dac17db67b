"""The launch audit of every metric of the catalogue, on labels that are made up; then with training and test file, and of a
metric that a host wrote.

    bench/run --part audit
    python bench/audit.py PROGRAM [--quick]     # alone; PROGRAM is holdout-scorer
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS, QUICK_ROWS = 100_000, 2_000
# No audit may take longer.
LIMIT_S = 10
SERIES, STEPS_BEFORE = 1_000, 12
WORDS, ITEMS, CLASSES, SIDE = 3_000, 2_000, 10, 64


def bench(scorer, work, quick):
    rows = QUICK_ROWS if quick else ROWS
    catalogue = json.loads(run([scorer, "metrics"]).stdout)
    print(f"the audit of {len(catalogue)} metrics on {rows:,} rows:", flush=True)
    results = []
    for metric in catalogue:
        taken, overall = audited(scorer, work, metric, rows)
        results.append({"metric": metric["name"], "rows": rows, "wall_s": taken, "overall": overall})
        print(f"  {metric['name']:32} {taken:6.2f} s  {overall}", flush=True)
    results += arms(scorer, work, rows)
    slow = [result["metric"] for result in results if result["wall_s"] >= LIMIT_S]
    slowest = max(results, key=lambda result: result["wall_s"])
    print(f"  slowest: {slowest['metric']}, {slowest['wall_s']:.2f} s; {LIMIT_S} s or more: {', '.join(slow) or 'none'}")
    return results


def arms(scorer, work, rows):
    found = [with_tables(scorer, work, "rmse", number, rows), with_tables(scorer, work, "roc_auc", binary, rows)]
    found.append(of_module(scorer, work, rows))
    found = [result for result in found if result]
    for result in found:
        print(f"  {result['metric']:32} {result['wall_s']:6.2f} s  {result['overall']}", flush=True)
    return found


def with_tables(scorer, work, metric, target, rows):
    """With as many training rows, and with what is looked for in both files."""
    chance = random.Random(f"tables of {metric}")
    with tempfile.TemporaryDirectory(dir=work) as folder:
        folder = Path(folder)
        truths = [target(chance) for _ in range(2 * rows)]
        features = [features_of(chance, truth) for truth in truths]
        train = (f"{row},{features[row]},{truths[row]}" for row in range(rows))
        test = (f"{row},{features[row]}" for row in range(rows, 2 * rows))
        usage = ("Public" if row % 10 < 3 else "Private" for row in range(rows))
        labels = (f"{row},{truths[row]},{side}" for row, side in zip(range(rows, 2 * rows), usage))
        for name, head, lines in [
            ("train", f"id,{FEATURES},target", train),
            ("test", f"id,{FEATURES}", test),
            ("solution", "id,target,Usage", labels),
        ]:
            (folder / f"{name}.csv").write_text("\n".join([head, *lines]) + "\n")
        command = [scorer, "audit", "--metric", metric, "--solution", folder / "solution.csv"]
        command += ["--train", folder / "train.csv", "--test", folder / "test.csv"]
        begun = time.perf_counter()
        report = json.loads(run(command).stdout)
        taken = time.perf_counter() - begun
        assert any(check["check"].startswith("T ") for check in report["checks"]), "the files were looked at"
        return {"metric": f"{metric} with files", "rows": rows, "wall_s": taken, "overall": report["overall"]}


FEATURES = "a,b,c,d,e,kind,patient,day"


def features_of(chance, truth):
    numbers = [f"{chance.gauss(0, 1) + 0.1 * float(truth):.4f}" for _ in range(5)]
    return ",".join([*numbers, f"k{chance.randrange(20)}", f"p{chance.randrange(20_000)}", f"{chance.uniform(0, 365):.3f}"])


MODULE = """import numpy as np


def score(solution, submission, row_id_column_name):
    missed = solution["target"] - submission["target"]
    return float(np.sqrt((missed**2).mean()))
"""


def of_module(scorer, work, rows):
    """In the sandbox; None where no interpreter is set up."""
    chance = random.Random("module")
    with tempfile.TemporaryDirectory(dir=work) as folder:
        folder = Path(folder)
        (folder / "metric.py").write_text(MODULE)
        lines = (f"{row},{number(chance)}" for row in range(rows))
        (folder / "solution.csv").write_text("\n".join(["id,target", *lines]) + "\n")
        command = [scorer, "audit", "--metric", folder / "metric.py", "--solution", folder / "solution.csv"]
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0 and "cannot run here" in done.stderr:
            print(f"  no metric of a host's own: {done.stderr.strip()}", flush=True)
            return None
        done.check_returncode()
        taken = time.perf_counter() - begun
        return {"metric": "a module (rmse)", "rows": rows, "wall_s": taken, "overall": json.loads(done.stdout)["overall"]}


def run(command):
    return subprocess.run(command, capture_output=True, text=True, check=True)


def audited(scorer, work, metric, rows):
    chance = random.Random(metric["name"])
    with tempfile.TemporaryDirectory(dir=work) as folder:
        folder = Path(folder)
        command = [scorer, "audit", "--metric", metric["name"], "--solution", folder / "solution.csv"]
        (folder / "solution.csv").write_text(solution(metric, rows, chance))
        context = {"height": SIDE, "width": SIDE, "series_weight": {f"s{at}": 1 + at % 7 for at in range(SERIES)}}
        (folder / "context.json").write_text(json.dumps({"context": context}))
        command += ["--context", folder / "context.json"]
        if metric["task"] == "forecast":
            lines = (f"s{at},{step},{chance.lognormvariate(3, 0.5):.3f}" for at in range(SERIES) for step in range(STEPS_BEFORE))
            (folder / "history.csv").write_text("series,t,value\n" + "\n".join(lines) + "\n")
            command += ["--history", folder / "history.csv"]
        parameters = (metric.get("example") or {}).get("params")
        if parameters:
            command += ["--params", json.dumps(parameters)]
        begun = time.perf_counter()
        report = json.loads(run(command).stdout)
        return time.perf_counter() - begun, report["overall"]


def solution(metric, rows, chance):
    columns = columns_of(metric["layout"])
    # Where every column is a target, one of groups would be, too.
    has_groups = metric["layout"]["kind"] != "target_columns"
    lines = [",".join(["id", *(name for name, _ in columns), *(["series"] if has_groups else [])])]
    for row in range(rows):
        cells = (MADE.get(name, MADE.get(kind, number))(chance) for name, kind in columns)
        if metric["layout"]["kind"] == "target_columns" and metric["layout"]["cell"] == "probability":
            cells = shares(chance, len(columns))
        lines.append(",".join([str(row), *cells, *([f"s{row % SERIES}"] if has_groups else [])]))
    return "\n".join(lines) + "\n"


def columns_of(layout):
    if layout["kind"] == "named":
        return layout["solution"]
    if layout["kind"] == "target_columns":
        return [(f"y{at}", layout["cell"]) for at in range(3)]
    kind = layout.get("solution", "label")
    return [("target", kind)]


def number(chance):
    return f"{chance.lognormvariate(3, 0.6):.3f}"


def binary(chance):
    return "1" if chance.random() < 0.2 else "0"


def label(chance):
    return f"c{int(CLASSES * chance.random() ** 2)}"


def rating(chance):
    return str(min(5, max(1, round(chance.gauss(3, 1)))))


def words(chance):
    return " ".join(f"word{int(WORDS * chance.random() ** 3)}" for _ in range(chance.randint(4, 14)))


def items(chance):
    return " ".join(f"i{int(ITEMS * chance.random() ** 2)}" for _ in range(chance.randint(0, 6)))


def mask(chance):
    if chance.random() < 0.3:
        return ""
    return square(chance.randrange(SIDE // 2), chance.randrange(SIDE // 2), chance.randint(4, SIDE // 2))


def square(x, y, side):
    return " ".join(f"{(x + column) * SIDE + y + 1} {side}" for column in range(side))


def masks(chance):
    quarters = [(0, 0), (0, SIDE // 2), (SIDE // 2, 0), (SIDE // 2, SIDE // 2)]
    return ";".join(square(x, y, chance.randint(4, SIDE // 2 - 1)) for x, y in chance.sample(quarters, chance.randint(1, 4)))


def boxes(chance):
    def box():
        return f"c{chance.randrange(3)} {chance.randrange(400)} {chance.randrange(400)} {chance.randint(20, 90)} {chance.randint(20, 90)}"

    return " ".join(box() for _ in range(chance.randint(0, 4)))


def shares(chance, n):
    parts = [chance.random() + 0.05 for _ in range(n)]
    return [f"{part / sum(parts):.9f}" for part in parts]


MADE = {
    "latitude": lambda chance: f"{chance.uniform(-80, 80):.4f}",
    "longitude": lambda chance: f"{chance.uniform(-180, 180):.4f}",
    "time": lambda chance: f"{min(60, chance.expovariate(1 / 40)):.1f}",
    "event": lambda chance: "1" if chance.random() < 0.6 else "0",
    "number": number,
    "positive": number,
    "binary": binary,
    "probability": lambda chance: f"{chance.random():.4f}",
    "label": label,
    "integer": rating,
    "text": words,
    "list": items,
    "mask": mask,
    "masks": masks,
    "boxes": boxes,
}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as room:
        bench(sys.argv[1], room, "--quick" in sys.argv)
