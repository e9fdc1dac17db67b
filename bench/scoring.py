"""Whole-process scoring against Python as hosts write it, against the strongest Python, against SQL, and against merely
parsing the files.

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
# What is scored, and the name of its metric where that is another.
CASES = {
    "rmse": "rmse",
    "rmse_string_ids": "rmse",
    "log_loss": "log_loss",
    "roc_auc": "roc_auc",
    "multiclass_log_loss": "multiclass_log_loss",
    "qwk": "qwk",
    "f1_macro": "f1_macro",
    "map@5": "map@5",
    "ndcg_graded@10": "ndcg_graded@10",
    "dice_mean_empty1": "dice_mean_empty1",
    "dice_512": "dice_mean_empty1",
    "levenshtein_mean": "levenshtein_mean",
    "wer": "wer",
}
IN_SQL = ["rmse", "rmse_string_ids", "log_loss", "roc_auc", "qwk", "f1_macro"]
SIZES = [10_000, 100_000, 1_000_000, 10_000_000]
QUICK_SIZES = [10_000, 100_000]
# Rows of kilobytes: no solution has more of them, and the Python program decodes each.
MOST_ROWS = {"dice_512": 10_000, "wer": 100_000}
# A large size costs the Python program a quarter of a minute a run, and minutes where it loops over rows.
FEWER_RUNS_FROM = 5_000_000
LOOPS_IN_PYTHON = ["multiclass_log_loss", "map@5", "ndcg_graded@10", "dice_mean_empty1", "levenshtein_mean"]


def bench(scorer, work, quick, sizes=None, runs=5, cases=None):
    rows = []
    for size in sizes or (QUICK_SIZES if quick else SIZES):
        for case in cases or CASES:
            if size <= MOST_ROWS.get(case, size):
                rows.append(compare(scorer, work, case, size, number_of_runs(case, size, runs, quick)))
                print(line(rows[-1]), flush=True)
    return rows


def number_of_runs(metric, size, runs, quick):
    if size < FEWER_RUNS_FROM and not quick:
        return runs
    return 1 if metric in LOOPS_IN_PYTHON and size >= FEWER_RUNS_FROM else min(runs, 3)


def programs(scorer, case, solution, submission):
    python = lambda name, *words: [sys.executable, HERE / "peers" / f"{name}.py", *words, solution, submission]  # noqa: E731
    in_sql = {"duckdb": python("duckdb_program", case)} if case in IN_SQL else {}
    return {
        "holdout": [scorer, "score", "--metric", CASES[case], "--solution", solution, "--submission", submission],
        "python": python("host_program", case),
        "polars": python("polars_program", case),
        **in_sql,
        "parse": python("parse_only"),
    }


def compare(scorer, work, case, size, n_runs):
    solution, submission = files(work, case, size)
    measure.keep_in_memory(solution, submission)
    commands = programs(scorer, case, solution, submission)
    first, peaks = {}, {}
    for name, command in commands.items():
        first[name], peaks[name] = measure.run_with_peak_memory_mb(command)
    require_equal_scores(case, size, {name: run.output for name, run in first.items() if name != "parse"})
    # Where one run is all that counts, the first is as good as a second, which may take minutes.
    taken = {name: [run] if n_runs == 1 else [] for name, run in first.items()}
    for _ in range(n_runs if n_runs > 1 else 0):
        for name, command in commands.items():
            taken[name].append(measure.run(command))
    result = {
        "metric": case,
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
    result["ratios"] = ratios(result)
    return result


def ratios(result):
    holdout, parse = result["holdout"], result["parse"]
    found = {}
    for name in ("python", "polars", "duckdb"):
        if name in result:
            found[f"{name}_over_holdout"] = result[name]["wall_s"] / holdout["wall_s"]
            found[f"{name}_over_holdout_cpu"] = result[name]["cpu_s"] / holdout["cpu_s"]
            found[f"{name}_over_holdout_memory"] = result[name]["peak_mb"] / holdout["peak_mb"]
    return found | {
        "holdout_over_read": holdout["wall_s"] / parse["read_s"],
        "holdout_over_parse_process": holdout["wall_s"] / parse["wall_s"],
        "holdout_memory_over_files": holdout["peak_mb"] / result["files_mb"],
    }


def files(work, metric, size):
    """Made by a process of its own: its memory must not burden the measured ones."""
    folder = Path(work) / "files" / f"{metric}-{size}"
    subprocess.run([sys.executable, HERE / "generate.py", metric, str(size), folder], check=True)
    return folder / "solution.csv", folder / "submission.csv"


def require_equal_scores(case, size, outputs):
    scores = {name: json.loads(output) for name, output in outputs.items()}
    ours = scores.pop("holdout")
    for name, theirs in scores.items():
        for split in ("public", "private"):
            if abs(ours[split] - theirs[split]) > TOLERANCE * abs(theirs[split]):
                raise measure.Failed(
                    f"{case} of {size} rows, {split}: {ours[split]!r} is not {theirs[split]!r}, which {name} says; "
                    "a wrong answer has no time"
                )


HEADER = (
    f"{'metric':<20}{'rows':>11}  {'holdout':>24}  {'pandas+sklearn':>24}  {'polars+numpy':>24}  {'duckdb':>24}  {'polars read':>20}"
    f"  {'pandas':>7} {'polars':>7} {'duckdb':>7} {'/read':>6} {'/file':>6}"
)


def line(row):
    def cost(name):
        if name not in row:
            return ""
        part = row[name]
        return f"{part['wall_s']:.3f} s {part['cpu_s']:.2f} cpu {part['peak_mb']:.0f} MB"

    def faster(name):
        factor = row["ratios"].get(f"{name}_over_holdout")
        return f"{factor:.1f}x" if factor else ""

    costs = "".join(f"  {cost(name):>24}" for name in ("holdout", "python", "polars", "duckdb"))
    parse = f"{row['parse']['read_s']:.3f} ({row['parse']['wall_s']:.3f}) s"
    return (
        f"{row['metric']:<20}{row['rows']:>11,}{costs}  {parse:>20}"
        f"  {faster('python'):>7} {faster('polars'):>7} {faster('duckdb'):>7}"
        f" {row['ratios']['holdout_over_read']:>5.2f}x {row['ratios']['holdout_memory_over_files']:>5.2f}x"
    )
