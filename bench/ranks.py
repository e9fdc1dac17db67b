"""A board looked at: covariances of all teams, rank ranges, beside the same formulas in numpy, which adds products in single
precision where the scorer adds in double."""

import json
import subprocess
import time

import numpy

import boards

TEAMS, ROWS = 1000, 100_000
QUICK_TEAMS, QUICK_ROWS = 200, 10_000
DRAWS = 1000


def bench(binaries, work, quick):
    teams, rows = (QUICK_TEAMS, QUICK_ROWS) if quick else (TEAMS, ROWS)
    command = [binaries / "holdout-scorer", "measure-ranks", "--teams", str(teams), "--rows", str(rows)]
    own = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    numpy_s = in_numpy(teams, rows)
    refresh = own["one_column_s"] + own["ranges_s"] + own["shake_up_s"]
    print(
        f"board of {teams:,} teams and {rows:,} rows: all columns {own['all_columns_s']:.2f} s (numpy "
        f"{numpy_s['all_columns_s']:.2f}), one new column {own['one_column_s'] * 1e3:.0f} ms (numpy "
        f"{numpy_s['one_column_s'] * 1e3:.0f}), ranges {own['ranges_s']:.2f} s (numpy {numpy_s['ranges_s']:.2f}); "
        f"what a look after one file computes {refresh:.2f} s",
        flush=True,
    )
    job = boards.bench(binaries, work, quick, own)
    return {"teams": teams, "rows": rows, "holdout": own, "numpy": numpy_s, "job": job}


def in_numpy(teams, rows):
    random = numpy.random.default_rng(1)
    columns = random.standard_normal((rows, teams), dtype=numpy.float32)
    columns += random.standard_normal((rows, 1), dtype=numpy.float32)
    all_s, covariance = timed(lambda: columns.T @ columns / rows**2)
    one_s, _ = timed(lambda: columns.T @ columns[:, 0])
    ranges_s, _ = timed(lambda: ranges(numpy.arange(teams) * 1e-5, covariance.astype(float), random))
    return {"all_columns_s": all_s, "one_column_s": one_s, "ranges_s": ranges_s}


def ranges(keys, covariance, random):
    own = numpy.diag(covariance)
    variance = own[:, None] + own[None, :] - 2 * covariance
    numpy.fill_diagonal(variance, numpy.inf)
    errors = numpy.sqrt(variance)
    draws = random.multivariate_normal(numpy.zeros(len(keys)), covariance, DRAWS, method="cholesky")
    result = []
    for team, key in enumerate(keys):
        largest = (numpy.abs(draws - draws[:, [team]]) / errors[team]).max(axis=1)
        apart = (key - keys) / errors[team]
        bound = numpy.quantile(largest, 0.95)
        result.append((1 + (apart > bound).sum(), len(keys) - (apart < -bound).sum()))
    return result


def timed(work):
    started = time.perf_counter()
    done = work()
    return time.perf_counter() - started, done
