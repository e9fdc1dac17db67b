"""Files on their way in and out of a house, and the same bytes written to and read from the same disk by nobody else."""

import os
import shutil
import time
import urllib.request
from base64 import b64encode
from contextlib import nullcontext

import measure
import tree
from live import House, free_port
from peers.nginx import Nginx
from people import Person

FILES_MB, QUICK_FILES_MB = [200, 1024], [64]
RUNS = 3
PIECE_BYTES = 1 << 20
# As the command line sends them.
TUS_PART_BYTES = 16 << 20


def bench(binaries, work, quick):
    """Megabytes a second; every road beside what the disk does."""
    with House(binaries, work / "house") as house, peer(work) as nginx:
        host = Person(house.url, "bench-host")
        slug = host.api("POST", "/competitions", {"title": "Bench of files"})["slug"]
        return [move(house, host, slug, nginx, work, size) for size in (QUICK_FILES_MB if quick else FILES_MB)]


def peer(work):
    """nginx, which lies where only root looks for programs."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program:
        return Nginx(program, work / "nginx", free_port())
    print("nginx is not installed (scripts/install-needs bench): uploads are measured beside the disk alone", flush=True)
    return nullcontext()


def move(house, host, slug, nginx, work, megabytes):
    source = work / "transfer.bin"
    fill(source, megabytes << 20)
    at_rest = server_mb(house)
    with tree.Watch(house.pid) as watch:
        taken = drive(roads(house, host, slug, nginx, source))
    source.unlink()
    grown = watch.peak_parts["holdout"] - at_rest
    print(f"files of {megabytes} MiB; the server's memory grew by {grown:.0f} MB", flush=True)
    return {"mb": megabytes, "server_grew_mb": grown, **compared(taken, megabytes << 20)}


def server_mb(house):
    return tree.memory_mb(house.pid)[1]["holdout"]


def roads(house, host, slug, nginx, source):
    peers = {"nginx, PUT": lambda: nginx.put(source, PIECE_BYTES)} if nginx else {}
    return {
        **peers,
        "disk written": lambda: disk_written(source, house.folder / "floor.bin"),
        "upload": lambda: upload(host, slug, source),
        "upload by tus": lambda: upload_by_tus(host, slug, source),
        "disk read": lambda: disk_read(house.folder / "floor.bin"),
        "download": lambda: download(host, slug, house.folder / "files"),
    }


def drive(ways):
    taken = {name: [] for name in ways}
    for _ in range(RUNS):  # they take turns
        for name, way in ways.items():
            taken[name].append(way())
    return taken


def compared(taken, size):
    results = {name: {"mb_s": (size / 1e6) / sorted(seconds)[len(seconds) // 2]} for name, seconds in taken.items()}
    for name, result in results.items():
        floor = "disk read" if name in ("download", "disk read") else "disk written"
        result["of_disk"] = result["mb_s"] / results[floor]["mb_s"]
        of_nginx = ""
        if "nginx, PUT" in results and name.startswith("upload"):
            result["of_nginx"] = result["mb_s"] / results["nginx, PUT"]["mb_s"]
            of_nginx = f", {result['of_nginx']:.2f} of nginx's"
        print(f"{name:<17} {result['mb_s']:>8,.0f} MB/s, {result['of_disk']:.2f} of the disk's{of_nginx}", flush=True)
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
