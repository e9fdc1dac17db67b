"""`bench/run`: ratios against what hosts use today, and what the whole tree costs. See README.md."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import aims
import api
import audit
import deadline
import entries
import evaluator
import growth
import live
import measure
import notebooks
import ranks
import report
import rescoring
import scoring
import search
import start
import transfers
import upgrade

ROOT = Path(__file__).parent.parent
PARTS = ["scoring", "audit", "ranks", "evaluator", "rescoring", "start", "live", "notebooks", "search", "api", "growth", "entries", "transfers", "upgrade", "deadline"]


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, few runs: a minute in all")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part; may be repeated")
    parser.add_argument("--from", dest="older", type=Path, help="folder of an older release's programs, for the part upgrade; without --part, only that")
    parser.add_argument("--rows", type=int, action="append", help="a size of the scoring part; may be repeated")
    parser.add_argument("--metric", choices=scoring.CASES, action="append", help="of the scoring part only this one; may be repeated")
    parser.add_argument("--runs", type=int, default=5, help="runs of each program, the median counts")
    parser.add_argument("--seconds", type=int, default=600, help="length of the part deadline")
    parser.add_argument("--bin", type=Path, default=ROOT / "target/release", help="folder of holdout and holdout-scorer")
    parser.add_argument("--work", type=Path, default=ROOT / ".bench", help="folder for files and results")
    return parser.parse_args()


def versions(binaries):
    def first_line(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]

    return {
        "holdout": first_line(binaries / "holdout", "--version"),
        "holdout-scorer": first_line(binaries / "holdout-scorer", "--version"),
        "commit": first_line("git", "-C", ROOT, "rev-parse", "HEAD"),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("pandas", "scikit-learn", "polars", "numpy", "duckdb", "jiwer")},
    }


def machine():
    with open("/proc/cpuinfo") as cpuinfo:
        models = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
    }


def main():
    wanted = arguments()
    parts = wanted.part or (["upgrade"] if wanted.older else PARTS)
    wanted.work.mkdir(parents=True, exist_ok=True)
    results = {
        "started_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "quick": wanted.quick,
        "versions": versions(wanted.bin),
        "machine": machine(),
        "calibration_s": [measure.calibrate()],
    }
    print(f"calibration loop: {results['calibration_s'][0]:.3f} s; load {results['machine']['load_before']:.1f}")
    if "scoring" in parts:
        print(scoring.HEADER)
        scorer = wanted.bin / "holdout-scorer"
        results["scoring"] = scoring.bench(scorer, wanted.work, wanted.quick, wanted.rows, wanted.runs, wanted.metric)
    if "audit" in parts:
        results["audit"] = audit.bench(wanted.bin / "holdout-scorer", wanted.work, wanted.quick)
    if "ranks" in parts:
        results["ranks"] = ranks.bench(wanted.bin, wanted.work, wanted.quick)
    if "evaluator" in parts:
        results["evaluator"] = evaluator.bench(str(wanted.bin / "holdout-scorer"), wanted.quick)
    if "rescoring" in parts:
        results["rescoring"] = rescoring.bench(wanted.bin, wanted.work, wanted.quick)
    if "notebooks" in parts:
        print(notebooks.HEADER)
        results["notebooks"] = notebooks.bench(wanted.bin, wanted.work, wanted.quick, wanted.runs)
    if "start" in parts:
        results["start"] = start.bench(wanted.bin, wanted.work, wanted.quick)
    if "live" in parts:
        results["live"] = live.bench(wanted.bin, wanted.work, wanted.quick)
    if "search" in parts:
        results["search"] = search.bench(wanted.bin, wanted.work, wanted.quick)
    if "api" in parts:
        results["api"] = api.bench(wanted.bin, wanted.work, wanted.quick)
    if "growth" in parts:
        results["growth"] = growth.bench(wanted.bin, wanted.work, wanted.quick)
    if "entries" in parts:
        results["entries"] = entries.bench(wanted.bin, wanted.work, wanted.quick)
    if "transfers" in parts:
        results["transfers"] = transfers.bench(wanted.bin, wanted.work, wanted.quick)
    if "upgrade" in parts:
        results["upgrade"] = upgrade.bench(wanted.older or wanted.bin, wanted.bin, wanted.work, wanted.quick)
    if "deadline" in parts:
        results["deadline"] = deadline.bench(wanted.bin, wanted.work, wanted.quick, wanted.seconds)
    results["calibration_s"].append(measure.calibrate())
    results["machine"]["load_after"] = os.getloadavg()[0]
    print(f"calibration loop: {results['calibration_s'][1]:.3f} s; load {results['machine']['load_after']:.1f}")
    found = aims.of(results)
    results["aims"] = [aim.document() for aim in found]
    aims.tell(found, wanted.quick)
    path = wanted.work / "results.json"
    path.write_text(json.dumps(results, indent=2) + "\n")
    path.with_suffix(".md").write_text(report.tables(results, found))
    print(f"written to {path} and, as tables, beside it")
    require_right(results)


def require_right(results):
    """A figure that misses its aim is told as such; people who were not answered, and files without a score, are a failure."""
    wrong = [f"{name}: {sentence}" for name, day in results.get("deadline", {}).items() for sentence in day["wrong"]]
    if wrong:
        raise measure.Failed("; ".join(wrong))


if __name__ == "__main__":
    try:
        main()
    except (measure.Failed, subprocess.CalledProcessError) as error:
        sys.exit(f"bench: {error}")
