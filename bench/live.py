"""A whole installation under load: pages a second, time to a score, memory of the tree."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import freshness
import load
import measure
import tree

TEAMS, SUBMISSIONS = 100_000, 5_000_000
QUICK_TEAMS, QUICK_SUBMISSIONS = 2_000, 40_000
# Teams ranked by several metrics.
RANKED_TEAMS, RANKED_SUBMISSIONS, RANKED_BY = 18_000, 180_000, 4
REST_S = 10
OWNER = "holdout_owner"
# Rows of a file, and how many people send five of them each.
FILES = [(10_000, 6), (100_000, 4), (1_000_000, 2)]
QUICK_FILES = [(10_000, 2)]


def bench(binaries, work, quick):
    with House(binaries, work / "house") as house:
        print(f"from nothing to the first answer, an empty database made and the schema with it: {house.start_s:.2f} s", flush=True)
        results = {"start_s": house.start_s, "at_rest": rest(house, quick)}
        print_memory("at rest", results["at_rest"])
        with tree.Watch(house.pid) as watch:
            results["freshness"] = [fresh(house, *size) for size in (QUICK_FILES if quick else FILES)]
            teams, submissions = (QUICK_TEAMS, QUICK_SUBMISSIONS) if quick else (TEAMS, SUBMISSIONS)
            house.seed(teams, submissions)
            house.seed(RANKED_TEAMS, RANKED_SUBMISSIONS, RANKED_BY, "ranked")
            results["pages"] = pages(house.url, teams, submissions, quick)
        results["peak_mb"], results["peak_parts"] = watch.peak_mb, watch.peak_parts
        print_memory("at its peak", {"mb": watch.peak_mb, "parts": watch.peak_parts})
        results["at_rest_after"] = rest(house, quick)
        print_memory("at rest afterwards", results["at_rest_after"])
    return results


def fresh(house, n_rows, n_participants):
    result = freshness.bench(house, n_rows, n_participants)
    print(
        "upload finished to score visible, {rows:,} rows: median {median_ms:.0f} ms, "
        "p95 {p95_ms:.0f} ms, worst {worst_ms:.0f} ms of {entries}".format(**result),
        flush=True,
    )
    print("score written to everybody's board: median {median_ms:.0f} ms, worst {worst_ms:.0f} ms".format(**result["board"]), flush=True)
    return result


def pages(url, teams, submissions, quick):
    results = {"teams": teams, "submissions": submissions}
    seconds, runs = (3, 1) if quick else (10, 3)
    for name, path in [
        ("leaderboard", "/c/synthetic/leaderboard"),
        ("ranked", "/c/ranked/leaderboard"),
        ("competition", "/c/synthetic"),
        ("home", "/"),
        ("alive", "/healthz"),  # the line to calibrate by: no database, no template
    ]:
        results[name] = load.pages_a_second(url + path, seconds, runs)
        size = f"{teams:,} teams, {submissions:,} submissions"
        if name == "ranked":
            size = f"{RANKED_TEAMS:,} teams ranked by {RANKED_BY} metrics, {RANKED_SUBMISSIONS:,} submissions"
        print(
            f"{name:<12} {results[name]['rps']:>8,.0f} pages/s, p50 {results[name]['p50_ms']:.2f} ms,"
            f" p99 {results[name]['p99_ms']:.2f} ms ({size})",
            flush=True,
        )
    return results


def rest(house, quick):
    time.sleep(2 if quick else REST_S)
    total, parts = tree.memory_mb(house.pid)
    return {"mb": total, "parts": parts}


def print_memory(when, memory):
    parts = ", ".join(f"{name} {size:.0f}" for name, size in memory["parts"].items())
    print(f"memory of the whole tree {when}: {memory['mb']:.0f} MB ({parts})", flush=True)


class House:
    """`holdout up` on a folder of its own, with the embedded database and no demos."""

    def __init__(self, binaries, folder, cores=None, limit=None):
        self.program = binaries / "holdout"
        self.folder = folder
        self.cores = cores
        self.limit = limit
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "HOLDOUT_DATA_DIR": str(folder),
            "HOLDOUT_LISTEN": f"127.0.0.1:{self.port}",
            "HOLDOUT_API_REQUESTS_A_MINUTE": "0",
            "RUST_LOG": "warn,sqlx::query=error",
        }

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.log = open(self.folder.parent / "house.log", "w")
        self.start()
        return self

    def start(self):
        self.process = subprocess.Popen(
            [*self.pinned(), self.program, "up", "--empty"],
            env=self.environment, stdout=self.log, stderr=subprocess.STDOUT,
            preexec_fn=self.limit.join if self.limit else None,
        )
        self.pid = self.process.pid
        started = time.monotonic()
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() - started > 60:
                raise measure.Failed(f"`holdout up` did not come up; see {self.log.name}")
            time.sleep(0.01)
        self.start_s = time.monotonic() - started

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def pinned(self):
        return ["taskset", "--cpu-list", ",".join(map(str, sorted(self.cores)))] if self.cores else []

    def address(self, database):
        """Of a database of this one's PostgreSQL, as the owner of schemas."""
        password = (self.folder / "keys/database-owner.password").read_text().strip()
        return f"postgres:///{database}?host={(self.folder / 'database/socket').resolve()}&user={OWNER}&password={password}"

    def sql(self, statement, database="holdout"):
        """As the owner of the schema; what is selected, as text."""
        command = ["psql", "-qtAX", "-v", "ON_ERROR_STOP=1", "-d", self.address(database), "-c", statement]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise measure.Failed(done.stderr.strip())
        return done.stdout.strip()

    def is_ready(self):
        return is_ready(self.url)

    def seed(self, teams, submissions, ranked_by=0, slug="synthetic", posts=0):
        command = [self.program, "seed", "--teams", str(teams), "--submissions", str(submissions)]
        command += ["--ranked-by", str(ranked_by), "--slug", slug, "--posts", str(posts)]
        subprocess.run(command, env=self.environment, check=True)

    def __exit__(self, *_):
        self.stop()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def is_ready(url):
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
