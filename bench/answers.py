"""Answers of a server read by hand, and what many of them took."""

import statistics

import measure


async def read(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if not head.startswith("http/1.1 200"):
        raise measure.Failed(head.splitlines()[0])
    if "transfer-encoding: chunked" not in head:
        length = next(line for line in head.splitlines() if line.startswith("content-length:"))
        await reader.readexactly(int(length.split(":")[1]))
        return
    while size := int((await reader.readline()).split(b";")[0], 16):
        await reader.readexactly(size + 2)
    await reader.readline()


def summary(taken, errors):
    cuts = statistics.quantiles(taken, n=100) if len(taken) > 1 else [float("nan")] * 99
    worst = max(taken, default=float("nan"))
    return {"n": len(taken), "errors": errors, "p50_ms": cuts[49] * 1e3, "p99_ms": cuts[98] * 1e3, "worst_ms": worst * 1e3}
