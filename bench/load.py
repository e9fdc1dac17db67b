"""Pages a second, by wrk: it sends the next request when the answer to the last one is there."""

import re
import shutil
import subprocess

import measure

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3}
CONNECTIONS = 16
THREADS = 2


def pages_a_second(url, seconds, runs, headers=()):
    """Median requests a second with its p50 and p99 in milliseconds, after a warm-up; and how many were asked in all."""
    if shutil.which("wrk") is None:
        raise measure.Failed("wrk is not installed (apt-get install wrk)")
    warm = wrk(url, 2, headers)
    taken = sorted((wrk(url, seconds, headers) for _ in range(runs)), key=lambda run: run["rps"])
    return {**taken[len(taken) // 2], "requests": sum(run["requests"] for run in [warm, *taken])}


def wrk(url, seconds, headers=()):
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    command += [word for header in headers for word in ("-H", header)] + [url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise measure.Failed(f"{url} did not answer as it should:\n{output}")
    return {
        "requests": int(re.search(r"(\d+) requests in", output).group(1)),
        "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)),
        "p50_ms": percentile(output, 50),
        "p99_ms": percentile(output, 99),
    }


def percentile(output, which):
    number, unit = re.search(rf"{which}%\s+([\d.]+)(us|ms|s|m)\b", output).groups()
    return float(number) * UNITS[unit]
