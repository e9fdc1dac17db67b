"""What a competent host runs today: pandas reads and joins, scikit-learn scores.

`python host_program.py METRIC SOLUTION SUBMISSION` prints {"public": …, "private": …}.
"""

import json
import sys

import pandas as pd
from sklearn import metrics

METRICS = {
    "rmse": metrics.root_mean_squared_error,
    "log_loss": metrics.log_loss,
    "roc_auc": metrics.roc_auc_score,
}


class WrongFile(Exception):
    """The submission cannot be scored; the message says why."""


def check(solution, submission):
    if list(submission.columns) != ["id", "target"]:
        raise WrongFile(f"expected the columns id and target, found {list(submission.columns)}")
    if len(submission) != len(solution):
        raise WrongFile(f"expected {len(solution)} rows, found {len(submission)}")
    if submission["id"].duplicated().any():
        raise WrongFile("some ids occur twice")
    if submission.isnull().any().any():
        raise WrongFile("some values are missing")
    if not pd.api.types.is_numeric_dtype(submission["target"]):
        raise WrongFile("some predictions are no numbers")
    if not submission["id"].isin(solution["id"]).all():
        raise WrongFile("some ids are unknown")


def score(metric, solution, submission):
    check(solution, submission)
    joined = solution.merge(submission, on="id", validate="one_to_one", suffixes=("_true", "_said"))
    function = METRICS[metric]
    splits = {
        "public": joined[joined["Usage"] == "Public"],
        "private": joined[joined["Usage"] == "Private"],
    }
    return {name: float(function(rows["target_true"], rows["target_said"])) for name, rows in splits.items()}


if __name__ == "__main__":
    name, solution_path, submission_path = sys.argv[1:]
    print(json.dumps(score(name, pd.read_csv(solution_path), pd.read_csv(submission_path))))
