"""What each figure was to be, set before it was measured, and whether it is: met or missed, in words beside the figure."""

from dataclasses import dataclass

NO_SKLEARN = ("map@5", "ndcg_graded@10")
# Without a table, or in kilobytes a row.
NOT_TABULAR = ("dice_mean_empty1", "dice_512", "levenshtein_mean", "wer")


@dataclass(frozen=True)
class Aim:
    """A bound that a figure was to keep; beside it, where there is one, what would be near what the machine can do."""

    number: str
    what: str
    figure: float | None  # None: nothing was measured
    bound: float
    unit: str
    is_floor: bool = False
    limit: float | None = None

    def keeps(self, bound):
        if self.figure is None:
            return "not measured"
        is_kept = self.figure >= bound if self.is_floor else self.figure <= bound
        return "met" if is_kept else "missed"

    def document(self):
        found = {"number": self.number, "what": self.what, "figure": self.figure, "unit": self.unit, "aim": self.bound}
        found |= {"at_least": self.is_floor, "verdict": self.keeps(self.bound)}
        return found if self.limit is None else found | {"limit": self.limit, "near_limit": self.keeps(self.limit)}

    def line(self):
        figure = "-" if self.figure is None else f"{self.figure:,.4g} {self.unit}"
        side = "at least" if self.is_floor else "at most"
        near = "" if self.limit is None else f"; near the limit, {self.limit:,.4g}: {self.keeps(self.limit)}"
        return f"{self.number:<4} {self.what:<58} {figure:>16}   {side} {self.bound:,.4g}: {self.keeps(self.bound)}{near}"


def at_most(number, what, figure, bound, unit, limit=None):
    return Aim(number, what, figure, bound, unit, limit=limit)


def at_least(number, what, figure, bound, unit, limit=None):
    return Aim(number, what, figure, bound, unit, is_floor=True, limit=limit)


def of(results):
    """The aims of the parts that were measured."""
    readers = {
        "scoring": of_scoring, "audit": of_audit, "evaluator": of_evaluator, "start": of_start, "live": of_live, "search": of_search,
        "api": of_api, "growth": of_growth, "entries": of_entries, "transfers": of_transfers, "deadline": of_deadline,
    }
    return [aim for part, reader in readers.items() if part in results for aim in reader(results[part])]


def tell(aims, is_small):
    print("\naims" + (", at sizes so small that no verdict counts:" if is_small else ":"))
    for aim in aims:
        print(aim.line())
    missed = sum(aim.keeps(aim.bound) == "missed" for aim in aims)
    print(f"{len(aims)} aims, {missed} missed, {sum(aim.figure is None for aim in aims)} not measured\n", flush=True)


def of_scoring(rows):
    return [aim for row in rows for aim in of_file(row)]


def of_file(row):
    """Seconds, and how many times as fast as programs in Python and SQL."""
    case, size = row["metric"], row["rows"]
    bounds = bounds_of(case, size)
    if bounds is None:
        return
    number, seconds, limit, python, polars, duckdb = bounds
    what = f"{case}, {size:,} rows"
    yield at_most(number, what, row["holdout"]["wall_s"], seconds, "s", limit)
    for name, bound in (("python", python), ("polars", polars), ("duckdb", duckdb)):
        factor = row["ratios"].get(f"{name}_over_holdout")
        if bound and (factor or name != "duckdb"):
            yield at_least(number, f"{what}: times {'pandas' if name == 'python' else name}", factor, bound, "times")
    if number == "S5":
        yield at_most(number, f"{what}: times reading alone", row["ratios"]["holdout_over_read"], 2, "times")
    if number in ("S3", "S4") and case != "rmse_string_ids":
        memory, near = (150, 111) if number == "S3" else (1_200, 965)
        yield at_most("S8", f"{what}: memory", row["holdout"]["peak_mb"], memory, "MB", near)


def bounds_of(case, size):
    """Number; seconds, and those near the limit; times pandas, polars, DuckDB."""
    if case == "dice_512" and size == 10_000:
        return "S6", 0.2, 0.1, 30, 4, None
    if case == "wer" and size == 100_000:
        return "S6", 0.3, 0.15, 14, 2, None
    if case in NOT_TABULAR:
        return None
    is_light = case in NO_SKLEARN
    if size == 10_000:
        return "S1", 0.03, 0.01, 16 if is_light else 40, 9, None
    if size == 100_000:
        return "S2", 0.05, 0.02, 15 if is_light else 28, 6, None
    if size == 1_000_000 and case in ("rmse", "log_loss", "roc_auc", "qwk"):
        return "S3", 0.3, 0.2, 6, 2, 1.6
    of_a_million = {"f1_macro": (0.4, 24), "map@5": (0.4, 10), "ndcg_graded@10": (0.4, 9), "multiclass_log_loss": (0.6, 6)}
    if size == 1_000_000 and case in of_a_million:
        seconds, python = of_a_million[case]
        return "S5", seconds, None, python, None, None
    if size == 10_000_000 and case == "rmse":
        return "S4", 2.5, 1.6, 5.5, 1.7, 1
    if size == 10_000_000 and case == "rmse_string_ids":
        return "S4", 4, None, 11, 2, 1
    return None


def of_audit(rows):
    slowest = max(rows, key=lambda row: row["wall_s"])
    yield at_most("-", f"launch audit of any metric ({slowest['metric']})", slowest["wall_s"], 10, "s")


def of_evaluator(result):
    of_teams = result["holdout"]["auc_of_teams"]["seconds"]
    yield at_least("-", "replicates of 100 teams: times numpy", result["python"]["numpy_s"] / of_teams, 20, "times")
    one = result["one_file"]
    what = f"AUC of {one['rows']:,} rows, {one['replicates']:,} replicates"
    yield at_most("B1", what, one["seconds"], 38, "s", 10)
    yield at_least("B1", f"{what}: times naive", one["naive_s"] / one["seconds"], 32, "times")
    yield at_least("B1", f"{what}: times presorted", one["strong_s"] / one["seconds"], 5, "times")


def of_start(result):
    yield at_most("W7", "migrations on an empty database to the first answer", result["database_s"], 1, "s", 0.3)


def of_live(result):
    for files in result["freshness"]:
        bounds = {100_000: (10, 5), 1_000_000: (150, 90)}.get(round(files["rows"], -2))
        if bounds:
            yield at_most("S7", f"last byte to a score that can be read, {files['rows']:,} rows", files["median_ms"], bounds[0], "ms", bounds[1])
        yield at_most("W5", f"score to everybody's board, {files['rows']:,} rows, at most", files["board"]["worst_ms"], 1_000, "ms", 100)
    yield at_most("W6", "memory of the server at rest", result["at_rest"]["parts"].get("holdout"), 60, "MB", 30)


def of_search(result):
    for name, taken in result.items():
        if name != "posts":
            yield at_most("-", f"search, {name}, at most", taken["worst_ms"], 50, "ms")


def of_api(result):
    routes = result["routes"]
    for name in ("home page", "competition page"):
        yield at_least("W1", name, routes[name]["rps"], 8_000, "a second", 20_000)
        yield at_most("W1", f"{name}: p99", routes[name]["p99_ms"], 20, "ms")
        yield at_most("W1", f"{name}: processor a request", routes[name]["cpu_ms"], 0.2, "ms")
    yield at_least("W2", "board page", routes["board page"]["rps"], 8_000, "a second", 20_000)
    yield at_least("W3", "board as JSON, no token", routes["board, no token"]["rps"], 15_000, "a second")
    yield at_least("W4", "whole board, packed", routes["whole board, CSV"]["rps"], 200, "a second", 1_000)
    yield at_most("W4", "whole board: the first byte, at most", result["first_byte"]["worst_ms"], 20, "ms")
    changed = result["first_byte"]["worst_after_a_change_ms"]
    yield at_most("W4", "whole board after a change: the first byte, at most", changed, 20, "ms")
    yield at_most("W6", "memory of the server under load", result["peak_parts"].get("holdout"), 150, "MB", 80)
    yield at_most("W6", "memory of everything under load", result["peak_mb"], 350, "MB")


def of_growth(result):
    for name, before in result["before"].items():
        times = result["after"][name]["p50_ms"] / before["p50_ms"]
        yield at_most("G1", f"{name} with ten times the submissions: times the time", times, 1.5, "times", 1.1)


def of_entries(result):
    yield at_least("U2", "files of 200,000 rows scored", result["a_second"], 25, "a second", 60)
    yield at_most("U2", "first byte to the score: p50", result["p50_ms"], 150, "ms")
    yield at_most("W5", "score to everybody's board under this load, at most", result["board"]["worst_ms"], 1_000, "ms", 100)


def of_transfers(sizes):
    for moved in sizes:
        of_nginx = moved["upload"].get("of_nginx")
        yield at_least("U1", f"upload of {moved['mb']} MiB: share of nginx's rate", of_nginx, 0.5, "times", 0.8)
        yield at_most("U1", f"upload of {moved['mb']} MiB: the server's memory grew", moved["server_grew_mb"], 16, "MB")


def of_deadline(days):
    for result in days.values():
        day = result["day"]
        number, bound = day["number"], result["bound"]
        yield at_most(number, "errors, and files without a score", len(result["wrong"]), 0, "kinds")
        for part, what in (("pages", "pages"), ("open", "pages of open boards"), ("reveal", "private board")):
            yield at_most(number, f"{what}: p99", result[part]["p99_ms"], 50, "ms")
        yield at_most(number, "scores after receipt: p99", result["score"]["p99_ms"], 2_000, "ms")
        yield at_most(number, "processor", 100 * result["cpu_share"], 60, "%", 30 if number == "D1" else 50)
        yield at_most(number, "memory of its processes", result["peak_mb"], day["mb"], "MB")
        killed = None if bound is None else bound["killed"]
        yield at_most(number, f"processes killed at {day['mb']:,} MB with caches, no swap", killed, 0, "")
