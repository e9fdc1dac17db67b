"""The strongest that somebody writes in Python today: polars reads and joins on all cores, NumPy scores whole columns at once,
RapidFuzz compares texts on all cores. No Python runs per row.

`python polars_program.py METRIC SOLUTION SUBMISSION` prints {"public": …, "private": …}.
"""

import json
import sys

import numpy as np
import polars as pl

N_RATINGS = 6
LIST_LENGTH = 5
NDCG_DEPTH = 10


class WrongFile(Exception):
    """The submission cannot be scored; the message says why."""


def pair(rows, name="target"):
    return rows[name].to_numpy(), rows[f"{name}_said"].to_numpy()


def rmse(rows):
    truth, said = pair(rows)
    missed = truth - said
    return np.sqrt(missed @ missed / len(missed))


def log_loss(rows):
    truth, said = pair(rows)
    said = np.clip(said, np.finfo(float).eps, 1 - np.finfo(float).eps)
    return -np.log(np.where(truth == 1, said, 1 - said)).mean()


def roc_auc(rows):
    truth, said = pair(rows)
    order = np.argsort(said)
    truth, said = truth[order], said[order]
    ends = np.flatnonzero(np.append(np.diff(said) > 0, True))
    positive, everybody = np.cumsum(truth)[ends], ends + 1
    positive, negative = np.diff(positive, prepend=0), np.diff(everybody - positive, prepend=0)
    below = np.cumsum(negative) - negative
    return (positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum())


def multiclass_log_loss(rows):
    classes = sorted(rows["target"].unique().to_list())
    said = rows.select(classes).to_numpy()
    truth = rows["target"].cast(pl.Enum(classes)).to_physical().to_numpy()
    chosen = said[np.arange(len(truth)), truth] / said.sum(axis=1)
    return -np.log(np.clip(chosen, np.finfo(float).eps, 1 - np.finfo(float).eps)).mean()


def qwk(rows):
    truth, said = pair(rows)
    met = np.bincount(truth * N_RATINGS + said, minlength=N_RATINGS**2).reshape(N_RATINGS, N_RATINGS)
    weight = np.subtract.outer(np.arange(N_RATINGS), np.arange(N_RATINGS)) ** 2
    expected = np.outer(met.sum(axis=1), met.sum(axis=0)) / met.sum()
    return 1 - (weight * met).sum() / (weight * expected).sum()


def f1_macro(rows):
    classes = pl.Enum(pl.concat([rows["target"], rows["target_said"]]).unique().sort())
    truth, said = (rows[name].cast(classes).to_physical().to_numpy() for name in ("target", "target_said"))
    n = len(classes.categories)
    right = np.bincount(truth[truth == said], minlength=n)
    return (2 * right / (np.bincount(truth, minlength=n) + np.bincount(said, minlength=n))).mean()


def items(texts, missing):
    """A column for each place of a list, as numbers."""
    lists = texts.str.split(" ")
    places = [lists.list.get(at, null_on_oob=True).cast(pl.Int64).fill_null(missing) for at in range(LIST_LENGTH)]
    return np.column_stack([place.to_numpy() for place in places])


def map_at_5(rows):
    wanted, said = items(rows["relevant"], -1), items(rows["predicted"], -2)
    is_found = np.column_stack([(said[:, [at]] == wanted).any(axis=1) for at in range(LIST_LENGTH)])
    precision = np.cumsum(is_found, axis=1) / np.arange(1, LIST_LENGTH + 1)
    return ((precision * is_found).sum(axis=1) / (wanted >= 0).sum(axis=1)).mean()


def gains(query, relevance, score):
    """Of each query, its first documents by score, discounted; documents of one score share their places."""
    order = np.lexsort((-score, query))
    query, relevance, score = query[order], relevance[order], score[order]
    begins = np.append(True, np.diff(query) != 0)
    place = np.arange(len(query)) - np.maximum.accumulate(np.where(begins, np.arange(len(query)), 0))
    discount = np.where(place < NDCG_DEPTH, 1 / np.log2(place + 2), 0.0)
    tie = np.cumsum(begins | np.append(True, np.diff(score) != 0)) - 1
    shared = np.bincount(tie, relevance) / np.bincount(tie)
    return np.bincount(query, shared[tie] * discount)


def ndcg_at_10(rows):
    query, relevance, score = (rows[name].to_numpy() for name in ("query_id", "relevance", "score"))
    best = gains(query, relevance, relevance)
    return (gains(query, relevance, score)[best > 0] / best[best > 0]).mean()


def runs(texts, side):
    """Row, start and length of every run, in order; the pixels of a row follow those of the one before."""
    numbers = texts.fill_null("").str.split(" ").list.eval(pl.element().filter(pl.element() != "").cast(pl.Int64))
    flat = numbers.explode().drop_nulls().to_numpy()
    row = np.repeat(np.arange(len(texts)), numbers.list.len().to_numpy() // 2)
    return row, row * side * side + flat[0::2] - 1, flat[1::2]


def mean_dice(rows, side):
    row, start, length = runs(rows["rle"], side)
    row_said, start_said, length_said = runs(rows["rle_said"], side)
    before = np.append(0, np.cumsum(length))

    def covered_up_to(pixel):
        at = np.searchsorted(start, pixel, side="right") - 1
        inside = np.where(at >= 0, np.clip(pixel - start[at], 0, length[at]), 0)
        return np.where(at >= 0, before[at], 0) + inside

    both = covered_up_to(start_said + length_said) - covered_up_to(start_said)
    shared = np.bincount(row_said, both, minlength=len(rows))
    total = np.bincount(row, length, minlength=len(rows)) + np.bincount(row_said, length_said, minlength=len(rows))
    return np.where(total == 0, 1.0, 2 * shared / np.maximum(total, 1)).mean()


def distances(left, right):
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    return process.cpdist(left, right, scorer=Levenshtein.distance, workers=-1)


def mean_levenshtein(rows):
    return distances(rows["text"].to_list(), rows["text_said"].to_list()).mean()


def word_errors(rows):
    """Each word becomes one character, which the comparison takes faster than lists."""
    words = {name: rows[name].str.split(" ").explode() for name in ("text", "text_said")}
    known = pl.concat(words.values()).unique()
    letters = dict(zip(known.to_list(), map(chr, range(0x4E00, 0x4E00 + len(known)))))
    coded = [rows[name].str.split(" ").list.eval(pl.element().replace_strict(letters)).list.join("").to_list() for name in words]
    return distances(*coded).sum() / len(words["text"])


METRICS = {
    "rmse": rmse,
    "rmse_string_ids": rmse,
    "log_loss": log_loss,
    "roc_auc": roc_auc,
    "multiclass_log_loss": multiclass_log_loss,
    "qwk": qwk,
    "f1_macro": f1_macro,
    "map@5": map_at_5,
    "ndcg_graded@10": ndcg_at_10,
    "dice_mean_empty1": lambda rows: mean_dice(rows, 64),
    "dice_512": lambda rows: mean_dice(rows, 512),
    "levenshtein_mean": mean_levenshtein,
    "wer": word_errors,
}
MAY_BE_EMPTY = {"rle"}


def joined(solution, submission):
    if len(submission) != len(solution):
        raise WrongFile(f"expected {len(solution)} rows, found {len(submission)}")
    empty = [name for name in submission.columns if name not in MAY_BE_EMPTY and submission[name].null_count()]
    if empty:
        raise WrongFile(f"some values of {empty} are missing")
    rows = solution.join(submission, on="id", suffix="_said", validate="1:1")
    if len(rows) != len(solution):
        raise WrongFile("some ids are unknown")
    return rows


if __name__ == "__main__":
    name, *paths = sys.argv[1:]
    rows = joined(*map(pl.read_csv, paths))
    splits = {split: rows.filter(pl.col("Usage") == split) for split in ("Public", "Private")}
    print(json.dumps({split.lower(): float(METRICS[name](part)) for split, part in splits.items()}))
