"""What many answers took."""

import statistics


def summary(taken, errors):
    cuts = statistics.quantiles(taken, n=100) if len(taken) > 1 else [float("nan")] * 99
    worst = max(taken, default=float("nan"))
    return {"n": len(taken), "errors": errors, "p50_ms": cuts[49] * 1e3, "p99_ms": cuts[98] * 1e3, "worst_ms": worst * 1e3}
