"""Memory of a process with all its descendants, in megabytes, each shared page counted once."""

import os
import threading
import time
from pathlib import Path


def descendants(root):
    """The process and everything it started, however deep."""
    children = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = status.read_text().split(" (", 1)
        except OSError:
            continue  # it ended meanwhile
        parent = int(rest.rsplit(") ", 1)[1].split()[1])
        children.setdefault(parent, []).append(int(pid))
    waiting, found = [root], []
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting.extend(children.get(pid, []))
    return found


def proportional_mb(pid):
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"


def memory_mb(root):
    """The sum, and what each kind of process has of it."""
    by_name = {}
    for pid in descendants(root):
        name = name_of(pid)
        by_name[name] = by_name.get(name, 0.0) + proportional_mb(pid)
    return sum(by_name.values()), {name: round(size, 1) for name, size in sorted(by_name.items())}


def processor_seconds(root):
    """Of the process and all its descendants, those that ended included."""
    ticks = 0
    for pid in descendants(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])  # user and system, its own and of its ended children
    return ticks / os.sysconf("SC_CLK_TCK")


class Watch:
    """Looks every so many seconds and keeps the highest sum, and the highest of each kind of process. A look goes through the
    tables of all pages, some 20 ms of a core for a gigabyte: where cores are what is measured, look seldom."""

    def __init__(self, root, every_s=0.25):
        self.root, self.every_s = root, every_s
        self.peak_mb, self.peak_parts = 0.0, {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.ended.is_set():
            total, parts = memory_mb(self.root)
            self.peak_mb = max(self.peak_mb, total)
            for name, size in parts.items():
                self.peak_parts[name] = max(self.peak_parts.get(name, 0.0), size)
            self.ended.wait(self.every_s)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
