"""The ten routes that people and programs use most, and files on their way in and out."""

import json
import os
import time
import urllib.request
from base64 import b64encode

import load
import measure
from live import House
from people import Person, wait_for

TEAMS, SUBMISSIONS = 10_000, 200_000
QUICK_TEAMS, QUICK_SUBMISSIONS = 1_000, 20_000
FILE_MB, QUICK_FILE_MB = 1024, 64
PIECE_BYTES = 1 << 20
# As the command line sends them.
TUS_PART_BYTES = 16 << 20

# Pages as a visitor reads them, the API as somebody who takes part asks it.
ROUTES = [
    ("home page", "/"),
    ("competition page", "/c/synthetic"),
    ("board page", "/c/synthetic/leaderboard"),
    ("data page", "/c/synthetic/data"),
    ("forum page", "/c/synthetic/forum"),
    ("competitions", "/api/v1/competitions"),
    ("competition", "/api/v1/competitions/synthetic"),
    ("board", "/api/v1/competitions/synthetic/leaderboard"),
    ("allowance", "/api/v1/competitions/synthetic/allowance"),
    ("own submissions", "/api/v1/competitions/synthetic/submissions"),
]


def bench(binaries, work, quick):
    teams, submissions = (QUICK_TEAMS, QUICK_SUBMISSIONS) if quick else (TEAMS, SUBMISSIONS)
    with House(binaries, work / "house") as house:
        wait_for(lambda: is_judging(house.url), "a scorer")
        house.seed(teams, submissions)
        host = Person(house.url, "bench-host")
        host.api("POST", "/competitions/synthetic/join", {"accept_rules": True})
        token = host.api("POST", "/tokens", {"name": "bench", "scopes": ["read"]})["token"]
        results = {"teams": teams, "submissions": submissions, "routes": routes(house.url, token, quick)}
        slug = host.api("POST", "/competitions", {"title": "Bench of files"})["slug"]
        results["transfers"] = transfers(house, host, slug, work, quick)
    return results


def is_judging(url):
    """Whether a scorer has announced its metrics."""
    with urllib.request.urlopen(f"{url}/api/v1/metrics") as answer:
        return json.load(answer)["items"]


def routes(url, token, quick):
    seconds, runs = (2, 1) if quick else (10, 3)
    results = {}
    for name, path in ROUTES:
        headers = [f"Authorization: Bearer {token}"] if path.startswith("/api") else []
        results[name] = {"path": path, **load.pages_a_second(url + path, seconds, runs, headers)}
        print(
            f"{name:<17} {results[name]['rps']:>8,.0f} requests/s, p50 {results[name]['p50_ms']:.2f} ms,"
            f" p99 {results[name]['p99_ms']:.2f} ms  {path}",
            flush=True,
        )
    return results


def transfers(house, host, slug, work, quick):
    """Megabytes a second, and beside each the same bytes written to and read from the same disk by nobody else."""
    size = (QUICK_FILE_MB if quick else FILE_MB) << 20
    source = work / "transfer.bin"
    fill(source, size)
    runs = 1 if quick else 3
    roads = {
        "disk written": lambda: disk_written(source, house.folder / "floor.bin"),
        "upload": lambda: upload(host, slug, source),
        "upload by tus": lambda: upload_by_tus(host, slug, source),
        "disk read": lambda: disk_read(house.folder / "floor.bin"),
        "download": lambda: download(host, slug, house.folder / "files"),
    }
    taken = {name: [] for name in roads}
    for _ in range(runs):  # they take turns
        for name, road in roads.items():
            taken[name].append(road())
    source.unlink()
    results = {"mb": size >> 20}
    for name, seconds in taken.items():
        results[name] = {"mb_s": (size / 1e6) / sorted(seconds)[len(seconds) // 2]}
    for name in roads:
        floor = "disk read" if name in ("download", "disk read") else "disk written"
        results[name]["of_disk"] = results[name]["mb_s"] / results[floor]["mb_s"]
        print(f"{name:<17} {results[name]['mb_s']:>8,.0f} MB/s, {results[name]['of_disk']:.2f} of the disk's", flush=True)
    return results


def fill(path, size):
    """Bytes that nothing can compress, a block of its own for each piece."""
    with open(path, "wb") as file:
        for _ in range(size // PIECE_BYTES):
            file.write(os.urandom(PIECE_BYTES))
        os.fsync(file.fileno())


def pieces(file):
    return iter(lambda: file.read(PIECE_BYTES), b"")


def disk_written(source, target):
    """What `dd conv=fsync` does: the floor of an upload, which is on the disk before it is acknowledged."""
    started = time.perf_counter()
    with open(source, "rb") as read, open(target, "wb") as written:
        for piece in pieces(read):
            written.write(piece)
        written.flush()
        os.fsync(written.fileno())
    return time.perf_counter() - started


def disk_read(path):
    forget(path)
    started = time.perf_counter()
    with open(path, "rb") as file:
        for _ in pieces(file):
            pass
    return time.perf_counter() - started


def forget(path):
    """Drops a file from the system's memory, so that it is read from the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def expect(answer, body, status):
    if answer.status != status:
        raise measure.Failed(f"answered {answer.status} and not {status}: {body[:300]!r}")


def upload(host, slug, source):
    host.line.blocksize = PIECE_BYTES
    started = time.perf_counter()
    with open(source, "rb") as file:
        path = f"/api/v1/competitions/{slug}/data/plain.bin?role=data"
        length = {"content-length": str(source.stat().st_size)}
        answer, body = host.ask("PUT", path, file, "application/octet-stream", length.items())
    expect(answer, body, 200)
    return time.perf_counter() - started


def upload_by_tus(host, slug, source):
    size = source.stat().st_size
    pairs = {"competition": slug, "purpose": "data", "filename": "parts.bin"}
    metadata = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in pairs.items())
    tus = {"tus-resumable": "1.0.0"}
    started = time.perf_counter()
    begin = {**tus, "upload-length": str(size), "upload-metadata": metadata}
    answer, body = host.ask("POST", "/api/v1/uploads", b"", None, begin.items())
    expect(answer, body, 201)
    address = answer.getheader("location")
    with open(source, "rb") as file:
        for offset in range(0, size, TUS_PART_BYTES):
            part = file.read(TUS_PART_BYTES)
            headers = {**tus, "upload-offset": str(offset)}
            answer, body = host.ask("PATCH", address, part, "application/offset+octet-stream", headers.items())
            expect(answer, body, 204)
    host.api("PUT", f"/competitions/{slug}/data/parts.bin?role=data", {"upload": address.rsplit("/", 1)[1]})
    return time.perf_counter() - started


def download(host, slug, files):
    request = urllib.request.Request(f"http://{host.address}/api/v1/competitions/{slug}/data/plain.bin")
    request.add_header("cookie", "; ".join(f"{name}={value}" for name, value in host.cookies.items()))
    request.add_header("sec-fetch-site", "same-origin")
    for stored in files.glob("data/*/*"):
        forget(stored)
    started = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        for _ in pieces(answer):
            pass
    return time.perf_counter() - started
