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
N_CLASSES = 10
DOCUMENTS_PER_QUERY = 100
LIST_LENGTH = 5
MASK_SIDE = 64
MOST_RUNS = 8
LARGE_MASK_SIDE = 512
LARGE_MOST_RUNS = 320
WORDS_PER_TEXT = 6
WORDS_PER_SENTENCE = 16


def regression(rng, rows):
    truth = rng.normal(100.0, 25.0, rows)
    return {"target": truth}, {"target": truth + rng.normal(0.0, 8.0, rows)}


def binary(rng, rows):
    """Labels drawn from a belief; the prediction is that belief, seen through noise."""
    logit = rng.normal(-0.5, 1.5, rows)
    truth = (rng.random(rows) < 1.0 / (1.0 + np.exp(-logit))).astype(np.int64)
    seen = 1.0 / (1.0 + np.exp(-(logit + rng.normal(0.0, 1.0, rows))))
    return {"target": truth}, {"target": np.clip(seen, 10.0**-DECIMALS, 1.0 - 10.0**-DECIMALS)}


def class_names():
    return np.array([f"class_{name}" for name in "abcdefghij"])


def class_probabilities(rng, rows):
    """Ten columns that sum to 1 but for the printed digits; none is 0, where libraries clip differently."""
    truth = rng.integers(0, N_CLASSES, rows)
    weights = rng.exponential(1.0, (rows, N_CLASSES))
    weights[np.arange(rows), truth] *= 4.0
    weights /= weights.sum(axis=1, keepdims=True)
    weights = np.maximum(weights, 10.0**-DECIMALS)
    columns = {name: weights[:, at] for at, name in enumerate(class_names())}
    return {"target": class_names()[truth]}, columns


def ratings(rng, rows):
    truth = rng.integers(0, 6, rows)
    return {"target": truth}, {"target": np.clip(truth + rng.integers(-2, 3, rows), 0, 5)}


def labels(rng, rows):
    truth = rng.integers(0, N_CLASSES, rows)
    is_right = rng.random(rows) < 0.7
    said = np.where(is_right, truth, rng.integers(0, N_CLASSES, rows))
    return {"target": class_names()[truth]}, {"target": class_names()[said]}


def item_lists(rng, rows):
    """One to five relevant items; five predicted ones, of which about two are relevant."""
    # An item's number is its row's base plus a small offset, so that no list names an item twice.
    offsets = np.argsort(rng.random((rows, 2 * LIST_LENGTH), dtype=np.float32), axis=1).astype(np.int32)
    predicted = np.argsort(rng.random((rows, 2 * LIST_LENGTH), dtype=np.float32), axis=1).astype(np.int32)
    lengths = rng.integers(1, LIST_LENGTH + 1, rows)
    base = rng.integers(100, 9_000, rows)
    items = [
        pl.Series(np.where(at < lengths, base + offsets[:, at], -1)).cast(pl.String).replace("-1", None)
        for at in range(LIST_LENGTH)
    ]
    said = [pl.Series(base + predicted[:, at]).cast(pl.String) for at in range(LIST_LENGTH)]
    return {"relevant": joined(items)}, {"predicted": joined(said)}


def queries(rng, rows):
    """A hundred documents a query, graded 0 to 3; a query is in one split as a whole."""
    query = np.arange(rows) // DOCUMENTS_PER_QUERY
    grade = rng.choice(4, rows, p=[0.7, 0.15, 0.1, 0.05])
    is_public = rng.random(query[-1] + 1) < PUBLIC_SHARE
    solution = {
        "query_id": query,
        "relevance": grade,
        "Usage": np.where(is_public[query], "Public", "Private"),
    }
    return solution, {"score": grade + rng.normal(0.0, 1.5, rows)}


def masks(rng, rows, side=MASK_SIDE, most_runs=MOST_RUNS):
    """Up to eight runs of a 64 x 64 mask, one in each of neighbouring columns; a tenth are empty."""
    n_runs = np.where(rng.random(rows) < 0.1, 0, rng.integers(1, most_runs + 1, rows))
    first_column = rng.integers(0, side - most_runs, rows)
    offset, length = rng.integers(4, 30, rows), rng.integers(4, 24, rows)

    def runs(shift, growth):
        cells = []
        for at in range(most_runs):
            start = 1 + side * (first_column + at) + offset + shift
            for value in (start, length + growth):
                text = pl.Series(np.where(at < n_runs, value, -1)).cast(pl.String)
                cells.append(text.replace("-1", None))
        return joined(cells)

    said = runs(rng.integers(-3, 4, rows), rng.integers(-3, 4, rows))
    return {"rle": runs(0, 0)}, {"rle": said}


def large_masks(rng, rows):
    """Of 512 x 512, with up to 320 runs: 3 kB a row in both files."""
    return masks(rng, rows, LARGE_MASK_SIDE, LARGE_MOST_RUNS)


VOCABULARY = (
    "time year people way day man thing woman life child world school state family student group country problem "
    "hand part place case week company system program question work government number night point home water room "
    "mother area money story fact month lot right study book eye job word business issue side kind head house"
).split()


def texts(rng, rows, n_words=WORDS_PER_TEXT):
    """Six words; a fifth of the predicted ones are misspelt or another word."""
    words = np.array(VOCABULARY)
    misspelt = np.array([word[1:] + word[0] for word in VOCABULARY])
    truth, said = [], []
    for _ in range(n_words):
        drawn = rng.integers(0, len(words), rows)
        fate = rng.random(rows)
        other = words[(drawn + 7) % len(words)]
        truth.append(pl.Series(words[drawn]))
        said.append(pl.Series(np.where(fate < 0.1, misspelt[drawn], np.where(fate < 0.2, other, words[drawn]))))
    return {"text": joined(truth)}, {"text": joined(said)}


def sentences(rng, rows):
    return texts(rng, rows, WORDS_PER_SENTENCE)


def joined(cells):
    """One column of text from several, separated by spaces; nulls are left out, and nothing is left empty."""
    frame = pl.DataFrame({str(at): cell for at, cell in enumerate(cells)})
    texts = frame.select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True)).to_series()
    return texts.replace("", None)


# To add a metric: how its truth and predictions are made, here; its Python, in peers/host_program.py.
MAKERS = {
    "rmse": regression,
    "rmse_string_ids": regression,
    "log_loss": binary,
    "roc_auc": binary,
    "multiclass_log_loss": class_probabilities,
    "qwk": ratings,
    "f1_macro": labels,
    "map@5": item_lists,
    "ndcg_graded@10": queries,
    "dice_mean_empty1": masks,
    "dice_512": large_masks,
    "levenshtein_mean": texts,
    "wer": sentences,
}
STRING_IDS = {"rmse_string_ids"}


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
    if "Usage" not in truth:
        truth["Usage"] = np.where(rng.random(rows) < PUBLIC_SHARE, "Public", "Private")
    for path, columns in ((solution, truth), (submission, prediction)):
        write(path, rng.permutation(rows), columns, metric in STRING_IDS)
    return solution, submission


def write(path, order, columns, has_string_ids):
    ids = pl.Series(order)
    if has_string_ids:  # of 17 characters
        ids = "row_" + ids.cast(pl.String).str.zfill(13)
    frame = pl.DataFrame({"id": ids} | {name: pl.Series(values)[order] for name, values in columns.items()})
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
