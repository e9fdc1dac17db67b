"""Exact replicates of AUC, of many teams and of one large file, beside the Python way measured small and scaled, and how far both are from what the machine could do.
What a GPU is worth beside it: bench/gpu.

    bench/run --part evaluator
    python bench/evaluator.py PROGRAM [--quick]     # alone; PROGRAM is holdout-scorer
"""

import json
import os
import subprocess
import sys
import time

import numpy
from sklearn.metrics import roc_auc_score

TEAMS, ROWS, REPLICATES, COLUMNS = 100, 100_000, 10_000, 256
QUICK_TEAMS, QUICK_ROWS, QUICK_REPLICATES, QUICK_COLUMNS = 10, 20_000, 500, 64
ROWS_OF_ONE, QUICK_ROWS_OF_ONE = 1_000_000, 50_000
# A row in 16 replicates: widen, mask twice, add three times, multiply. A core does three such operations a cycle at most.
OPERATIONS_PER_VISIT = 7 / 16
OPERATIONS_A_CYCLE = 3
# Replicates of one team that Python is asked for; the rest is multiplied.
PYTHON_REPLICATES, PYTHON_REPLICATES_OF_ONE = 20, 3
# Both ways of Python use one core; so many could share the work.
CORES_OF_PYTHON = 2


def bench(scorer, quick):
    sizes = (TEAMS, ROWS, REPLICATES, COLUMNS, ROWS_OF_ONE)
    if quick:
        sizes = (QUICK_TEAMS, QUICK_ROWS, QUICK_REPLICATES, QUICK_COLUMNS, QUICK_ROWS_OF_ONE)
    teams, rows, replicates, _, _ = sizes
    python = in_python(rows, teams * replicates, replicates)
    told = json.loads(subprocess.run(command(scorer, sizes), capture_output=True, text=True, check=True).stdout)
    own = {computation["what"]: computation for computation in told["computations"]}
    print(f"{replicates:,} exact AUC replicates of {teams} teams on {rows:,} rows:", flush=True)
    print(f"  scikit-learn {python['sklearn_s']:,.0f} s, numpy presorted {python['numpy_s']:,.0f} s (both scaled)")
    report(own, python)
    limit = visits_a_second_at_most()
    rate = own["auc_of_teams"]["n_items"] / own["auc_of_teams"]["seconds"]
    print(
        f"  at most {limit / 1e9:.0f} thousand million visits a second: {OPERATIONS_A_CYCLE} operations of 32 bytes a cycle "
        f"and core, {OPERATIONS_PER_VISIT:.2f} a visit; reached {rate / limit:.0%}"
    )
    return {"holdout": own, "python": python, "one_file": one_file(own, sizes)}


def one_file(own, sizes):
    """Replicates of one file of a million rows: hosts draw rows and score them anew, others sort once and weigh."""
    *_, replicates, _, rows = sizes
    naive_s, strong_s = (replicates * seconds / CORES_OF_PYTHON for seconds in replicate_in_python(rows))
    seconds = own["auc_of_one"]["seconds"]
    print(
        f"{replicates:,} AUC replicates of one file of {rows:,} rows: {seconds:.2f} s; scikit-learn on rows that are drawn "
        f"{naive_s:,.0f} s ({naive_s / seconds:,.0f} times), numpy presorted {strong_s:,.0f} s ({strong_s / seconds:,.0f} times), both "
        f"scaled and on {CORES_OF_PYTHON} cores",
        flush=True,
    )
    return {"rows": rows, "replicates": replicates, "seconds": seconds, "naive_s": naive_s, "strong_s": strong_s}


def replicate_in_python(rows):
    """Median seconds of one replicate on one core: scored anew, and of rows sorted before."""
    random = numpy.random.default_rng(1)
    truth = random.random(rows) < 0.1
    score = random.random(rows) + 0.3 * truth
    is_positive = truth[numpy.argsort(-score, kind="stable")]
    naive, strong = [], []
    for _ in range(PYTHON_REPLICATES_OF_ONE):
        begun = time.perf_counter()
        drawn = random.integers(0, rows, rows)
        roc_auc_score(truth[drawn], score[drawn])
        naive.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        area_of(numpy.bincount(random.integers(0, rows, rows), minlength=rows), is_positive)
        strong.append(time.perf_counter() - begun)
    return sorted(naive)[len(naive) // 2], sorted(strong)[len(strong) // 2]


def command(program, sizes):
    names = ("--teams", "--rows", "--replicates", "--columns", "--rows-of-one")
    sizes = [text for pair in zip(names, map(str, sizes)) for text in pair]
    return [program, "evaluator", "--measure", "processor", "--runs", "1", *sizes]


def report(own, python):
    seconds, visits = own["auc_of_teams"]["seconds"], own["auc_of_teams"]["n_items"]
    gflops = 2 * own["products"]["n_items"] / own["products"]["seconds"] / 1e9
    print(
        f"  processor: {seconds:.1f} s, {visits / seconds / 1e9:.1f} thousand million visits of a row a second; "
        f"{python['sklearn_s'] / seconds:,.0f} times scikit-learn, {python['numpy_s'] / seconds:,.0f} times numpy; "
        f"products {gflops:.0f} GFLOP/s in double precision",
        flush=True,
    )


def visits_a_second_at_most():
    with open("/proc/cpuinfo") as cpuinfo:
        clocks = [float(line.split(":")[1]) * 1e6 for line in cpuinfo if line.startswith("cpu MHz")]
    cores = min(len(os.sched_getaffinity(0)), 8)
    return cores * max(clocks) * OPERATIONS_A_CYCLE / OPERATIONS_PER_VISIT


def in_python(rows, n_areas, n_draws):
    """Seconds of one replicate of one team, times all of them; weights are drawn once a replicate for all teams."""
    random = numpy.random.default_rng(1)
    truth = random.random(rows) < 0.1
    score = random.random(rows) + 0.3 * truth
    order = numpy.argsort(-score, kind="stable")
    is_positive = truth[order]
    draw_s, area_s, sklearn_s, areas = 0.0, 0.0, 0.0, []
    for _ in range(PYTHON_REPLICATES):
        started = time.perf_counter()
        weights = random.poisson(1.0, rows)
        drawn = time.perf_counter()
        presorted = area_of(weights[order], is_positive)
        summed = time.perf_counter()
        by_sklearn = roc_auc_score(truth, score, sample_weight=weights)
        sklearn_s += time.perf_counter() - summed
        draw_s += drawn - started
        area_s += summed - drawn
        areas.append(abs(presorted - by_sklearn))
    assert max(areas) < 1e-9, areas
    draw_s, area_s, sklearn_s = (seconds / PYTHON_REPLICATES for seconds in (draw_s, area_s, sklearn_s))
    draws_s = n_draws * draw_s
    return {"numpy_s": draws_s + n_areas * area_s, "sklearn_s": draws_s + n_areas * sklearn_s, "draw_s": draw_s}


def area_of(weights, is_positive):
    """Scores have no ties here."""
    positive = numpy.where(is_positive, weights, 0)
    negative = weights - positive
    return (numpy.cumsum(positive) * negative).sum() / (positive.sum() * negative.sum())


if __name__ == "__main__":
    bench(sys.argv[1], "--quick" in sys.argv[2:])
