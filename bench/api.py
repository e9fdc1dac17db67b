"""The routes that people and programs use most."""

import json
import socket
import time
import urllib.request
from urllib.parse import urlsplit

import load
import tree
from live import House, print_memory
from people import Person, take_over, wait_for

TEAMS, SUBMISSIONS = 10_000, 200_000
QUICK_TEAMS, QUICK_SUBMISSIONS = 1_000, 20_000
OWN_SUBMISSIONS = 20
# In the general forum; a page of it shows 30 topics, the competition's own forum is empty.
POSTS = 20_000

WHOLE_BOARD = "/c/synthetic/leaderboard.csv"
# Pages as a visitor reads them, the API as somebody who takes part asks it.
ROUTES = [
    ("home page", "/"),
    ("competition page", "/c/synthetic"),
    ("board page", "/c/synthetic/leaderboard"),
    ("board page, signed in", "/c/synthetic/leaderboard"),
    ("data page", "/c/synthetic/data"),
    ("forum page", "/c/synthetic/forum"),
    ("general forum", "/forums/general"),
    ("list of forums", "/forums"),
    ("competitions", "/api/v1/competitions"),
    ("competition", "/api/v1/competitions/synthetic"),
    ("board", "/api/v1/competitions/synthetic/leaderboard"),
    ("allowance", "/api/v1/competitions/synthetic/allowance"),
    ("own submissions", "/api/v1/competitions/synthetic/submissions"),
    ("whole board, CSV", WHOLE_BOARD),
    ("board, no token", "/api/v1/competitions/synthetic/leaderboard"),
]
FIRST_BYTES, FIRST_BYTES_AFTER_A_CHANGE = 50, 10


def bench(binaries, work, quick):
    teams, submissions = (QUICK_TEAMS, QUICK_SUBMISSIONS) if quick else (TEAMS, SUBMISSIONS)
    with House(binaries, work / "house") as house:
        wait_for(lambda: is_judging(house.url), "a scorer")
        house.seed(teams, submissions, posts=POSTS)
        host = Person(house.url, "bench-host")
        host.api("POST", "/competitions/synthetic/join", {"accept_rules": True})
        take_over(house, host, "synthetic", OWN_SUBMISSIONS)
        token = host.api("POST", "/tokens", {"name": "bench", "scopes": ["read"]})["token"]
        with tree.Watch(house.pid) as watch:
            answered = routes(house, host, token, quick)
            answered["whole board, unchanged"] = unchanged(house, quick)
            first_byte = first_bytes(house)
        print_memory("at its peak", {"mb": watch.peak_mb, "parts": watch.peak_parts})
        sizes = {"teams": teams, "submissions": submissions}
        return {**sizes, "routes": answered, "first_byte": first_byte, "peak_mb": watch.peak_mb, "peak_parts": watch.peak_parts}


def is_judging(url):
    """Whether a scorer has announced its metrics."""
    with urllib.request.urlopen(f"{url}/api/v1/metrics") as answer:
        return json.load(answer)["items"]


def routes(house, host, token, quick):
    results = {}
    for name, path in ROUTES:
        headers = [f"Authorization: Bearer {token}"] if path.startswith("/api") and "no token" not in name else []
        headers += ["Cookie: " + "; ".join(map("=".join, host.cookies.items()))] if "signed in" in name else []
        headers += ["Accept-Encoding: gzip"] if path.endswith(".csv") else []
        results[name] = asked(house, name, path, headers, quick)
    return results


def asked(house, name, path, headers, quick):
    """Processor time is that of the whole house, its database included."""
    seconds, runs = (2, 1) if quick else (10, 3)
    before = tree.processor_seconds(house.pid)
    result = {"path": path, **load.pages_a_second(house.url + path, seconds, runs, headers)}
    result["cpu_ms"] = 1e3 * (tree.processor_seconds(house.pid) - before) / result["requests"]
    print(
        f"{name:<22} {result['rps']:>8,.0f} requests/s, p50 {result['p50_ms']:.2f} ms, p99 {result['p99_ms']:.2f} ms,"
        f" processor {result['cpu_ms']:.3f} ms  {path}",
        flush=True,
    )
    return result


def unchanged(house, quick):
    """Whoever has the board already is told so."""
    with urllib.request.urlopen(house.url + WHOLE_BOARD) as answer:
        tag = answer.headers["etag"]
    headers = [f"If-None-Match: {tag}", "Accept-Encoding: gzip"]
    return asked(house, "whole board, unchanged", WHOLE_BOARD, headers, quick)


def first_bytes(house):
    """Milliseconds to the first byte of the whole board, packed: of the same one, and of one that changed just before."""
    kept = [first_byte_ms(house.url) for _ in range(FIRST_BYTES)]
    changed = []
    for _ in range(FIRST_BYTES_AFTER_A_CHANGE):
        house.sql("update competitions set board_revision = board_revision + 1 where slug = 'synthetic'")
        changed.append(first_byte_ms(house.url))
    result = {"worst_ms": max(kept), "worst_after_a_change_ms": max(changed)}
    print(
        "whole board, packed: the first byte after {worst_ms:.1f} ms at most, {worst_after_a_change_ms:.1f} where the board had "
        "changed".format(**result),
        flush=True,
    )
    return result


def first_byte_ms(url):
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as line:
        started = time.perf_counter()
        line.sendall(f"GET {WHOLE_BOARD} HTTP/1.1\r\nhost: {address.netloc}\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n".encode())
        line.recv(1)
        return 1e3 * (time.perf_counter() - started)
