"""Whole-process scoring against Python, and against merely parsing the files.

The programs take turns (A B C A B C), so that a busy moment of the machine meets all of them.
Scores must be equal before a time counts.
"""

import json
import subprocess
import sys
from pathlib import Path

import measure

HERE = Path(__file__).parent
TOLERANCE = 1e-9
METRICS = [
    "rmse",
    "log_loss",
    "roc_auc",
    "multiclass_log_loss",
    "qwk",
    "f1_macro",
    "map@5",
    "ndcg_graded@10",
    "dice_mean_empty1",
    "levenshtein_mean",
]
SIZES = [10_000, 1_000_000, 10_000_000]
QUICK_SIZES = [10_000, 100_000]
# A large size costs the Python program a quarter of a minute a run, and minutes where it loops over rows.
FEWER_RUNS_FROM = 5_000_000
LOOPS_IN_PYTHON = ["multiclass_log_loss", "map@5", "ndcg_graded@10", "dice_mean_empty1", "levenshtein_mean"]


def bench(scorer, work, quick, sizes=None, runs=5, metrics=None):
    sizes = sizes or (QUICK_SIZES if quick else SIZES)
    rows = []
    for size in sizes:
        for metric in metrics or METRICS:
            rows.append(compare(scorer, work, metric, size, number_of_runs(metric, size, runs, quick)))
            print(line(rows[-1]), flush=True)
    return rows


def number_of_runs(metric, size, runs, quick):
    if size < FEWER_RUNS_FROM and not quick:
        return runs
    return 1 if metric in LOOPS_IN_PYTHON and size >= FEWER_RUNS_FROM else min(runs, 3)


def compare(scorer, work, metric, size, n_runs):
    solution, submission = files(work, metric, size)
    measure.keep_in_memory(solution, submission)
    programs = {
        "holdout": [scorer, "score", "--metric", metric, "--solution", solution, "--submission", submission],
        "python": [sys.executable, HERE / "peers/host_program.py", metric, solution, submission],
        "parse": [sys.executable, HERE / "peers/parse_only.py", solution, submission],
    }
    first, peaks = {}, {}
    for name, command in programs.items():
        first[name], peaks[name] = measure.run_with_peak_memory_mb(command)
    require_equal_scores(metric, size, {name: run.output for name, run in first.items()})
    # Where one run is all that counts, the first is as good as a second, which may take minutes.
    taken = {name: [run] if n_runs == 1 else [] for name, run in first.items()}
    for _ in range(n_runs if n_runs > 1 else 0):
        for name, command in programs.items():
            taken[name].append(measure.run(command))
    result = {
        "metric": metric,
        "rows": size,
        "runs": n_runs,
        "files_mb": (solution.stat().st_size + submission.stat().st_size) / 1e6,
    }
    for name, runs in taken.items():
        result[name] = {
            "wall_s": measure.median(runs, "wall_s"),
            "cpu_s": measure.median(runs, "cpu_s"),
            "peak_mb": peaks[name],
        }
    reads = sorted(json.loads(run.output)["read_seconds"] for run in taken["parse"])
    result["parse"]["read_s"] = reads[len(reads) // 2]
    result["ratios"] = {
        "python_over_holdout": result["python"]["wall_s"] / result["holdout"]["wall_s"],
        "python_over_holdout_cpu": result["python"]["cpu_s"] / result["holdout"]["cpu_s"],
        "python_over_holdout_memory": result["python"]["peak_mb"] / result["holdout"]["peak_mb"],
        "holdout_over_read": result["holdout"]["wall_s"] / result["parse"]["read_s"],
        "holdout_over_parse_process": result["holdout"]["wall_s"] / result["parse"]["wall_s"],
        "holdout_memory_over_files": result["holdout"]["peak_mb"] / result["files_mb"],
    }
    return result


def files(work, metric, size):
    """Made by a process of its own: its memory must not burden the measured ones."""
    folder = Path(work) / "files" / f"{metric}-{size}"
    subprocess.run([sys.executable, HERE / "generate.py", metric, str(size), folder], check=True)
    return folder / "solution.csv", folder / "submission.csv"


def require_equal_scores(metric, size, outputs):
    ours, theirs = (json.loads(outputs[name]) for name in ("holdout", "python"))
    for split in ("public", "private"):
        difference = abs(ours[split] - theirs[split])
        if difference > TOLERANCE * abs(theirs[split]):
            raise measure.Failed(
                f"{metric} of {size} rows, {split}: {ours[split]!r} is not {theirs[split]!r}; "
                "a wrong answer has no time"
            )


HEADER = (
    f"{'metric':<20}{'rows':>11}  {'holdout':>24}  {'pandas+sklearn':>24}  {'polars read':>20}"
    f"  {'faster':>7} {'memory':>7} {'/read':>6} {'/file':>6}"
)


def line(row):
    def cost(name):
        part = row[name]
        return f"{part['wall_s']:.3f} s {part['cpu_s']:.2f} cpu {part['peak_mb']:.0f} MB"

    ratios = row["ratios"]
    parse = f"{row['parse']['read_s']:.3f} ({row['parse']['wall_s']:.3f}) s"
    return (
        f"{row['metric']:<20}{row['rows']:>11,}  {cost('holdout'):>24}  {cost('python'):>24}  {parse:>20}"
        f"  {ratios['python_over_holdout']:>6.1f}x {ratios['python_over_holdout_memory']:>6.1f}x"
        f" {ratios['holdout_over_read']:>5.2f}x {ratios['holdout_memory_over_files']:>5.2f}x"
    )
