"""A whole competition under another metric: its submissions one by one and in batches, in turns, by the same scorer. Then the
scores alone, of files that are open already, where a host takes a metric by group or by column, or sums several up.

    bench/run --part rescoring
    python bench/rescoring.py HOLDOUT-SCORER        # the latter, with a scorer that was built
"""

import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

import freshness
import measure
from live import House
from people import Person, wait_for

SUBMISSIONS, ROWS = 200, 100_000
QUICK_SUBMISSIONS, QUICK_ROWS = 40, 10_000
ROUNDS, QUICK_ROUNDS = 3, 1
SENDERS = 4
FILES = 8
METRIC = "mae"
# What new jobs are: done alone, or with others. So neither the scorer nor its child is another one.
WAYS = {"one by one": "true", "in batches": "false"}

COMPOSED_FILES, COMPOSED_ROUNDS = 64, 5
GROUPS = 1000
BY_GROUP = {"columns": "first, second", "groups": "mean", "group_column": "site"}
COMPOSED = {
    "mae by column and group": ("mae", BY_GROUP),
    "spearman by column and group": ("spearman", BY_GROUP),
    "rmse by column": ("rmse", {"columns": "first, second"}),
    "sum of three metrics": (
        "weighted_sum_of_losses",
        {
            "parts": [
                {"metric": "mae", "weight": 1, "target": "first"},
                {"metric": "rmse", "weight": 1, "target": "second"},
                {"metric": "spearman", "weight": -1, "target": "first"},
            ]
        },
    ),
}


def bench(binaries, work, quick):
    submissions, rows, rounds = (QUICK_SUBMISSIONS, QUICK_ROWS, QUICK_ROUNDS) if quick else (SUBMISSIONS, ROWS, ROUNDS)
    with House(binaries, work / "house") as house:
        host = Person(house.url, "bench-host")
        slug = freshness.launch(host, rows)
        house.sql(f"update competitions set daily_limit = 100 where slug = '{slug}'")
        fill(house, host, slug, submissions)
        seconds = {way: [] for way in WAYS}
        digests = set()
        number = 1
        for _ in range(rounds):
            for way, is_alone in WAYS.items():
                house.sql(f"alter table jobs alter column is_alone set default {is_alone}")
                number += 1
                seconds[way].append(rescore(house, host, slug, number, submissions))
                digests.add(digest(house, slug, number))
    if len(digests) != 1:
        raise measure.Failed("the ways do not come to the same scores; a wrong answer has no time")
    result = {"submissions": submissions, "rows": rows, "metric": METRIC}
    result |= {way: statistics.median(taken) for way, taken in seconds.items()}
    result["ratio"] = result["one by one"] / result["in batches"]
    print(
        f"{submissions} submissions of {rows:,} rows rescored by {METRIC}: one by one {result['one by one']:.2f} s "
        f"({1e3 * result['one by one'] / submissions:.1f} ms each), in batches {result['in batches']:.2f} s "
        f"({1e3 * result['in batches'] / submissions:.1f} ms each): {result['ratio']:.2f} times as fast, the same digits "
        f"(median of {rounds})",
        flush=True,
    )
    return result | {"composed": composed(binaries / "holdout-scorer", QUICK_ROWS if quick else ROWS)}


def composed(scorer, rows):
    """Seconds of the scores of the same file so many times, one after the other and together, which the command holds to be the
    same to the last digit."""
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        solution, submission = written(pathlib.Path(folder), rows)
        taken = {what: [] for what in COMPOSED}
        for _ in range(COMPOSED_ROUNDS):
            for what, (metric, params) in COMPOSED.items():
                command = [scorer, "measure-file", "batch", "--n", COMPOSED_FILES, "--gpu", "off", "--metric", metric]
                command += ["--params", json.dumps(params), "--solution", solution, "--submission", submission]
                told = subprocess.run([str(part) for part in command], check=True, capture_output=True).stdout
                taken[what].append(json.loads(told))
        for what, told in taken.items():
            alone, together = (statistics.median(one[key] for one in told) for key in ("alone_s", "together_s"))
            result[what] = {"alone": alone, "together": together, "ratio": alone / together}
            print(
                f"{COMPOSED_FILES} files of {rows:,} rows, {what}: one after the other {alone:.3f} s, together {together:.3f} s: "
                f"{alone / together:.2f} times as fast, the same digits (medians of {COMPOSED_ROUNDS})",
                flush=True,
            )
    return result


def written(folder, rows):
    rng = random.Random(7)
    truths = [(rng.gauss(0, 1), rng.gauss(0, 1), rng.randrange(GROUPS)) for _ in range(rows)]
    solution, submission = folder / "solution.csv", folder / "submission.csv"
    lines = (f"{row},{first:.6f},{second:.6f},s{site}\n" for row, (first, second, site) in enumerate(truths))
    solution.write_text("id,first,second,site\n" + "".join(lines))
    lines = (f"{row},{first + rng.gauss(0, 1):.6f},{second + rng.gauss(0, 1):.6f}\n" for row, (first, second, _) in enumerate(truths))
    submission.write_text("id,first,second\n" + "".join(lines))
    return solution, submission


def fill(house, host, slug, submissions):
    sample = host.ask("GET", f"/c/{slug}/data/sample_submission.csv")[1].decode().splitlines()
    files = [freshness.predictions(sample, seed) for seed in range(FILES)]
    senders = [Person(house.url, f"bench-sender-{number}") for number in range(SENDERS)]
    for sender in senders:
        sender.api("POST", f"/competitions/{slug}/join", {"accept_rules": True})
    for number in range(submissions):
        path = f"/competitions/{slug}/submissions?wait=30"
        answer, _ = senders[number % SENDERS].upload(path, "predictions.csv", files[number % FILES])
        if answer["state"] != "scored":
            raise measure.Failed(f"a file is {answer['state']}")


def rescore(house, host, slug, number, submissions):
    """Seconds from the first lease to the last score."""
    versions = f"/competitions/{slug}/versions"
    host.api("POST", versions, {})
    host.api("PUT", f"/competitions/{slug}/metric", {"metric": METRIC})
    version = f"{versions}/{number}"
    wait_for(lambda: host.api("GET", version)["is_examined"], "the examination")
    host.api("POST", f"{version}/start", {"reason": "To measure it."})
    wait_for(lambda: host.api("GET", version)["prepared_at"], "the rescoring")
    taken = house.sql(
        f"""select count(*), extract(epoch from max(finished_at) - min(leased_at)) from jobs
            where kind = 'rescore' and state = 'done' and version_id = {version_id(slug, number)}"""
    )
    n_done, seconds = taken.split("|")
    if int(n_done) != submissions:
        raise measure.Failed(f"{n_done} of {submissions} submissions were rescored")
    host.api("POST", f"{version}/abandon", {})
    return float(seconds)


def digest(house, slug, number):
    return house.sql(
        f"""select md5(string_agg(concat_ws(' ', x.submission_id, x.public_score, p.private_score), ',' order by x.submission_id))
            from scores x join private_scores p using (submission_id, version_id)
            where version_id = {version_id(slug, number)}"""
    )


def version_id(slug, number):
    return f"""(select v.id from scoring_versions v join competitions c on c.id = v.competition_id
                where c.slug = '{slug}' and v.number = {number})"""


if __name__ == "__main__":
    composed(sys.argv[1], ROWS)
