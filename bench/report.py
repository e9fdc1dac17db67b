"""The same figures as tables for docs/performance.md."""

PEERS = {"python": "pandas", "polars": "polars", "duckdb": "DuckDB"}


def tables(results, aims):
    parts = [scoring(results["scoring"])] if "scoring" in results else []
    return "\n\n".join([*parts, verdicts(aims)]) + "\n"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def scoring(rows):
    head = ["metric", "rows", "seconds", "memory, MB"]
    for name in PEERS.values():
        head += [f"{name}, s", "times"]
    return table([*head, "times reading alone"], [scored(row) for row in rows])


def scored(row):
    cells = [row["metric"], f"{row['rows']:,}", f"{row['holdout']['wall_s']:.3f}", f"{row['holdout']['peak_mb']:.0f}"]
    for name in PEERS:
        cells += [f"{row[name]['wall_s']:.2f}", f"{row['ratios'][f'{name}_over_holdout']:.1f}"] if name in row else ["", ""]
    return [*cells, f"{row['ratios']['holdout_over_read']:.1f}"]


def verdicts(aims):
    rows = []
    for aim in aims:
        figure = "" if aim.figure is None else f"{aim.figure:,.4g} {aim.unit}".strip()
        side = "at least" if aim.is_floor else "at most"
        near = "" if aim.limit is None else f"{aim.limit:,.4g}: {aim.keeps(aim.limit)}"
        rows.append([aim.number, aim.what, figure, f"{side} {aim.bound:,.4g}", aim.keeps(aim.bound), near])
    return table(["", "what", "figure", "aim", "verdict", "near the limit"], rows)
