"""What a competent host runs today: pandas reads and joins, scikit-learn scores.

Where scikit-learn has no such metric, it is what hosts publish: a loop over rows for MAP@k, masks
decoded into NumPy arrays for Dice, RapidFuzz for edit distances, jiwer for word errors.

`python host_program.py METRIC SOLUTION SUBMISSION` prints {"public": …, "private": …}.
"""

import importlib
import json
import sys

import numpy as np
import pandas as pd

MASK_SIDE, LARGE_MASK_SIDE = 64, 512


class WrongFile(Exception):
    """The submission cannot be scored; the message says why."""


class Late:
    """A library that is loaded when it is first asked: no metric pays for what it does not use."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, asked):
        return getattr(importlib.import_module(self.name), asked)


metrics, jiwer, edits = Late("sklearn.metrics"), Late("jiwer"), Late("rapidfuzz.distance.Levenshtein")


def one_column(name, **options):
    return lambda rows: getattr(metrics, name)(rows["target"], rows["target_said"], **options)


def multiclass_log_loss(rows):
    classes = sorted(rows["target"].unique())
    said = rows[classes].to_numpy()
    return metrics.log_loss(rows["target"], said / said.sum(axis=1, keepdims=True), labels=classes)


def average_precision_at_5(relevant, predicted):
    wanted, found, total = set(relevant), 0, 0.0
    for place, item in enumerate(predicted[:5]):
        if item in wanted:
            found += 1
            total += found / (place + 1)
    return total / min(len(wanted), 5)


def map_at_5(rows):
    pairs = zip(rows["relevant"].str.split(), rows["predicted"].str.split())
    return np.mean([average_precision_at_5(relevant, predicted) for relevant, predicted in pairs])


def ndcg_at_10(rows):
    values = []
    for _, query in rows.groupby("query_id"):
        if (query["relevance"] > 0).any():
            values.append(metrics.ndcg_score([query["relevance"]], [query["score"]], k=10))
    return np.mean(values)


def decode(runs, side):
    mask = np.zeros(side * side, dtype=bool)
    numbers = np.array(runs.split(), dtype=int)
    for start, length in zip(numbers[0::2] - 1, numbers[1::2]):
        mask[start : start + length] = True
    return mask


def dice(truth, said, side):
    truth, said = decode(truth, side), decode(said, side)
    total = truth.sum() + said.sum()
    return 1.0 if total == 0 else 2.0 * (truth & said).sum() / total


def mean_dice(rows, side=MASK_SIDE):
    pairs = zip(rows["rle"].fillna(""), rows["rle_said"].fillna(""))
    return np.mean([dice(truth, said, side) for truth, said in pairs])


def mean_levenshtein(rows):
    distance = edits.distance
    return np.mean([distance(*pair) for pair in zip(rows["text"], rows["text_said"])])


def word_errors(rows):
    return jiwer.wer(rows["text"].tolist(), rows["text_said"].tolist())


# Every metric: its function, the columns of a submission, and those that may be empty.
METRICS = {
    "rmse": (one_column("root_mean_squared_error"), ["target"], []),
    "rmse_string_ids": (one_column("root_mean_squared_error"), ["target"], []),
    "log_loss": (one_column("log_loss"), ["target"], []),
    "roc_auc": (one_column("roc_auc_score"), ["target"], []),
    "multiclass_log_loss": (multiclass_log_loss, [f"class_{name}" for name in "abcdefghij"], []),
    "qwk": (one_column("cohen_kappa_score", weights="quadratic"), ["target"], []),
    "f1_macro": (one_column("f1_score", average="macro"), ["target"], []),
    "map@5": (map_at_5, ["predicted"], []),
    "ndcg_graded@10": (ndcg_at_10, ["score"], []),
    "dice_mean_empty1": (mean_dice, ["rle"], ["rle"]),
    "dice_512": (lambda rows: mean_dice(rows, LARGE_MASK_SIDE), ["rle"], ["rle"]),
    "levenshtein_mean": (mean_levenshtein, ["text"], []),
    "wer": (word_errors, ["text"], []),
}
NUMBERS = {"rmse", "rmse_string_ids", "log_loss", "roc_auc", "multiclass_log_loss", "qwk", "ndcg_graded@10"}


def check(metric, solution, submission):
    _, columns, may_be_empty = METRICS[metric]
    if list(submission.columns) != ["id", *columns]:
        raise WrongFile(f"expected the columns id and {columns}, found {list(submission.columns)}")
    if len(submission) != len(solution):
        raise WrongFile(f"expected {len(solution)} rows, found {len(submission)}")
    if submission["id"].duplicated().any():
        raise WrongFile("some ids occur twice")
    if submission.drop(columns=may_be_empty).isnull().any().any():
        raise WrongFile("some values are missing")
    if metric in NUMBERS and not all(pd.api.types.is_numeric_dtype(submission[name]) for name in columns):
        raise WrongFile("some predictions are no numbers")
    if not submission["id"].isin(solution["id"]).all():
        raise WrongFile("some ids are unknown")


def score(metric, solution, submission):
    check(metric, solution, submission)
    function = METRICS[metric][0]
    joined = solution.merge(submission, on="id", validate="one_to_one", suffixes=("", "_said"))
    return {
        name.lower(): float(function(joined[joined["Usage"] == name])) for name in ("Public", "Private")
    }


if __name__ == "__main__":
    name, solution_path, submission_path = sys.argv[1:]
    print(json.dumps(score(name, pd.read_csv(solution_path), pd.read_csv(submission_path))))
