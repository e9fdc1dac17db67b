"""Runs a program and says what it cost: wall time, processor time, peak memory.

Nothing heavy is imported here: a child begins with its parent's peak memory on its account.
"""

import ctypes
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Run:
    wall_s: float
    cpu_s: float
    output: str


class Failed(Exception):
    """A program ended with an error."""


def run(command):
    """Wall and processor time of one run, from fork to exit."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))} ended with {child.returncode}: {output}")
    return Run(wall, usage.ru_utime + usage.ru_stime, output)


def run_with_peak_memory_mb(command):
    """One run, and its peak resident memory; its times hold a shell's start, too.

    A process that this one starts would carry this one's own peak, so a shell starts it, leaves,
    and the orphan comes to us to be waited for.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.NamedTemporaryFile("r") as printed:
        shell = ["/bin/sh", "-c", 'out=$1; shift; "$@" >"$out" & echo $!', "sh", printed.name, *map(str, command)]
        started = time.perf_counter()
        pid = int(subprocess.run(shell, stdout=subprocess.PIPE, check=True, text=True).stdout)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - started
        output = printed.read()
    if os.waitstatus_to_exitcode(status) != 0:
        raise Failed(f"{' '.join(map(str, command))} failed: {output}")
    return Run(wall, usage.ru_utime + usage.ru_stime, output), usage.ru_maxrss / 1024


def keep_in_memory(*paths):
    """Reads files once, so that the kernel holds them and no program waits for the disk."""
    for path in paths:
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass


def calibrate():
    """Seconds of a fixed loop: tells how busy the machine is, before and after."""
    started = time.perf_counter()
    total = 0
    for number in range(2_000_000):
        total += number
    return time.perf_counter() - started


def median(runs, field):
    return statistics.median(getattr(run, field) for run in runs)
