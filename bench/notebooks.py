"""Drawing notebooks: `holdout notebook draw` beside `jupyter nbconvert --to html`, on the same files.

Both read a file and write a page; whole processes, from fork to exit, taking turns. What nbconvert does before it
reads anything (it imports Python's packages) is shown apart, as its time for an empty notebook. The largest notebooks
that are taken are drawn by us alone, under a second each: nbconvert needs minutes for them. A page stays light: its
size as it travels is shown, and every picture has to be loaded lazily.
"""

import base64
import gzip
import json
import subprocess
import zlib
from pathlib import Path

import measure

ROOT = Path(__file__).parent.parent
SIZES_MB = [1, 5, 20]
QUICK_SIZES_MB = [1]
COMPARED_UP_TO_MB = 5
HEADER = (
    f"{'notebook':>20} {'MB':>6} {'ours s':>8} {'nbconvert s':>12} {'factor':>8} {'ours s/MB':>10} {'page MB':>8} {'packed MB':>10}"
)
PROSE = "## Part {n}\n\nSome *words* about $x_{n}^2$ and a [link](https://example.org).\n\n- one\n- two\n"
CODE = (
    "import numpy as np\n\n\ndef fold{n}(frame, seed={n}):\n    '''Rows of one fold.'''\n    rng = np.random.default_rng(seed)\n"
    "    chosen = rng.permutation(len(frame))[: len(frame) // 5]  # a fifth\n    return frame.iloc[chosen].assign(fold={n}.5)\n"
)


def picture(seed):
    """A PNG of noise, which packs as badly as a scatter plot does."""
    width, height, value = 160, 120, seed * 2654435761 % 2**32
    rows = bytearray()
    for _ in range(height):
        rows.append(0)
        for _ in range(width):
            value = (value * 1664525 + 1013904223) % 2**32
            rows.append(value >> 24)
    def chunk(name, data):
        body = name + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows), 1)) + chunk(b"IEND", b"")
    return base64.b64encode(data).decode()


def table(seed):
    rows = "".join(
        f"<tr><th>{row}</th>" + "".join(f"<td>{(seed * 31 + row * 7 + col) % 1000 / 8:.3f}</td>" for col in range(8)) + "</tr>"
        for row in range(20)
    )
    heads = "".join(f"<th>column {col}</th>" for col in range(8))
    return f'<table border="1" class="dataframe"><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def cells(kind):
    """Cells of a notebook of this kind, without end."""
    number = 0
    while True:
        number += 1
        yield {"cell_type": "markdown", "metadata": {}, "source": PROSE.replace("{n}", str(number))}
        code = {"cell_type": "code", "metadata": {}, "execution_count": number, "source": CODE.replace("{n}", str(number))}
        lines = "".join(f"epoch {line:3d}  loss {1 / (line + number):.5f}\n" for line in range(20))
        outputs = [{"output_type": "stream", "name": "stdout", "text": lines}]
        if kind == "mixed":
            data = {"text/html": table(number), "text/plain": "a table"}
            outputs.append({"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data})
        if kind == "pictures" or number % 4 == 0:
            data = {"image/png": picture(number), "text/plain": "<Figure size 640x480 with 1 Axes>"}
            outputs.append({"output_type": "display_data", "metadata": {}, "data": data})
        yield {**code, "outputs": outputs}


def make(path, kind, size_mb):
    """The same bytes for the same kind and size."""
    if path.exists():
        return
    notebook = {
        "nbformat": 4, "nbformat_minor": 4, "cells": [],
        "metadata": {"language_info": {"name": "python"}, "kernelspec": {"name": "python3", "display_name": "Python 3"}},
    }
    length = 0
    for cell in cells(kind):
        length += len(json.dumps(cell))
        if length > size_mb * 1_000_000 - 20_000:
            break
        notebook["cells"].append(cell)
    path.write_text(json.dumps(notebook, indent=1))


def nbconvert(source, into):
    programs = Path(subprocess.run([ROOT / "scripts/notebook-tools"], capture_output=True, text=True, check=True).stdout.strip())
    return [programs / "jupyter-nbconvert", "--to", "html", "--log-level", "ERROR", "--output", into, source]


def compare(holdout, work, kind, size_mb, n_runs):
    source = work / f"{kind}-{size_mb}.ipynb"
    make(source, kind, size_mb)
    pages = {"holdout": work / f"{kind}-{size_mb}-ours.html", "nbconvert": work / f"{kind}-{size_mb}-theirs.html"}
    commands = {"holdout": [holdout, "notebook", "draw", source, "--into", pages["holdout"]]}
    if size_mb <= COMPARED_UP_TO_MB:
        commands["nbconvert"] = nbconvert(source, pages["nbconvert"])
    runs = {name: [] for name in commands}
    for _ in range(n_runs):
        for name, command in commands.items():
            runs[name].append(measure.run(command))
    wall = {name: measure.median(all_runs, "wall_s") for name, all_runs in runs.items()}
    megabytes = source.stat().st_size / 1e6
    page = pages["holdout"].read_bytes()
    if page.count(b"<img") != page.count(b'loading="lazy"'):
        raise measure.Failed(f"{source}: a picture is not loaded lazily")
    return {
        "kind": kind, "mb": megabytes, "wall_s": wall,
        "factor": wall["nbconvert"] / wall["holdout"] if "nbconvert" in wall else None,
        "ours_s_per_mb": wall["holdout"] / megabytes, "page_mb": len(page) / 1e6, "packed_mb": len(gzip.compress(page, 6)) / 1e6,
    }


def line(row):
    wall = row["wall_s"]
    theirs = f"{wall['nbconvert']:>12.2f} {row['factor']:>8.1f}" if row["factor"] else f"{'':>12} {'':>8}"
    return (
        f"{row['kind']:>20} {row['mb']:>6.1f} {wall['holdout']:>8.3f} {theirs} "
        f"{row['ours_s_per_mb']:>10.4f} {row['page_mb']:>8.2f} {row['packed_mb']:>10.3f}"
    )


def bench(binaries, work, quick, runs=5):
    work = work / "notebooks"
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    for kind, size_mb in [("empty", 0)] + [(kind, size) for size in (QUICK_SIZES_MB if quick else SIZES_MB) for kind in ("mixed", "pictures")]:
        rows.append(compare(binaries / "holdout", work, kind, size_mb, min(runs, 3) if quick else runs))
        print(line(rows[-1]), flush=True)
    return rows
