"""Makes a solution and a submission, the same bytes for the same seed, metric and number of rows.

Ids are shuffled independently in both files; 30% of the rows are Public, 70% Private; numbers have
six decimals. `python bench/generate.py rmse 10000 FOLDER` writes FOLDER/{solution,submission}.csv.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import polars as pl

PUBLIC_SHARE = 0.3
DECIMALS = 6


def regression(rng, rows):
    truth = rng.normal(100.0, 25.0, rows)
    return truth, truth + rng.normal(0.0, 8.0, rows)


def binary(rng, rows):
    """Labels drawn from a belief; the prediction is that belief, seen through noise."""
    logit = rng.normal(-0.5, 1.5, rows)
    truth = (rng.random(rows) < 1.0 / (1.0 + np.exp(-logit))).astype(np.int64)
    seen = 1.0 / (1.0 + np.exp(-(logit + rng.normal(0.0, 1.0, rows))))
    return truth, np.clip(seen, 10.0**-DECIMALS, 1.0 - 10.0**-DECIMALS)


# To add a metric: how its truth and predictions are made, here; its Python, in peers/host_program.py.
MAKERS = {"rmse": regression, "log_loss": binary, "roc_auc": binary}


def generate(metric, rows, folder, seed=1):
    """Writes both files, unless they stand already; returns their paths."""
    folder = Path(folder)
    solution, submission = folder / "solution.csv", folder / "submission.csv"
    if solution.exists() and submission.exists():
        return solution, submission
    folder.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(f"{seed} {metric} {rows}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(key[:8], "little"))
    truth, prediction = MAKERS[metric](rng, rows)
    usage = np.where(rng.random(rows) < PUBLIC_SHARE, "Public", "Private")
    write(solution, rng.permutation(rows), {"target": truth, "Usage": usage})
    write(submission, rng.permutation(rows), {"target": prediction})
    return solution, submission


def write(path, order, columns):
    frame = pl.DataFrame({"id": order, **{name: values[order] for name, values in columns.items()}})
    unfinished = path.with_suffix(".part")
    frame.write_csv(unfinished, float_precision=DECIMALS)
    unfinished.rename(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("metric", choices=sorted(MAKERS))
    parser.add_argument("rows", type=int)
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    generate(arguments.metric, arguments.rows, arguments.folder, arguments.seed)
