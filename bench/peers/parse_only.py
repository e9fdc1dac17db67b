"""The floor: polars reads both files and does nothing with them. Prints {"read_seconds": …}."""

import json
import sys
import time

import polars as pl

started = time.perf_counter()
for path in sys.argv[1:]:
    pl.read_csv(path)
print(json.dumps({"read_seconds": time.perf_counter() - started}))
