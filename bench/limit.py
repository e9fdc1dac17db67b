"""A bound on the memory of a tree of processes, page cache included, by the kernel's control groups (both versions)."""

import os
from pathlib import Path

import measure

V2 = Path("/sys/fs/cgroup/cgroup.controllers")


class Limit:
    """The group `holdout-bench`; where it cannot be made, there is no bound, and the result says so."""

    def __init__(self, megabytes):
        self.megabytes = megabytes
        self.is_v2 = V2.exists()
        self.folder = Path("/sys/fs/cgroup/holdout-bench" if self.is_v2 else "/sys/fs/cgroup/memory/holdout-bench")

    def __enter__(self):
        size = str(self.megabytes << 20)
        try:
            self.folder.mkdir(exist_ok=True)
            if self.is_v2:
                (self.folder / "memory.max").write_text(size)
                (self.folder / "memory.swap.max").write_text("0")
            else:
                (self.folder / "memory.limit_in_bytes").write_text(size)
                (self.folder / "memory.swappiness").write_text("0")
                (self.folder / "memory.max_usage_in_bytes").write_text("0")
        except OSError as refused:
            print(f"no bound on memory: {refused}", flush=True)
            self.folder = None
        return self

    def join(self):
        """Puts the calling process, and all that it will start, under the bound."""
        if self.folder:
            (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def told(self):
        """What the kernel says at the end: killed processes, and how much was in use at most, caches included."""
        if not self.folder:
            return None
        events = "memory.events" if self.is_v2 else "memory.oom_control"
        counts = dict(line.split() for line in (self.folder / events).read_text().splitlines())
        peak = self.folder / ("memory.peak" if self.is_v2 else "memory.max_usage_in_bytes")
        peak_mb = int(peak.read_text()) >> 20 if peak.exists() else None
        result = {"limit_mb": self.megabytes, "peak_with_caches_mb": peak_mb, "killed": int(counts["oom_kill"])}
        if result["killed"]:
            raise measure.Failed(f"{result['killed']} processes were killed at {self.megabytes} MB")
        return result

    def __exit__(self, *_):
        try:
            if self.folder:
                self.folder.rmdir()
        except OSError:
            pass  # something still ends in it; the next run uses it again
