"""The routes that people and programs use most."""

import json
import urllib.request

import load
import tree
from live import House, print_memory
from people import Person, take_over, wait_for

TEAMS, SUBMISSIONS = 10_000, 200_000
QUICK_TEAMS, QUICK_SUBMISSIONS = 1_000, 20_000
OWN_SUBMISSIONS = 20
# In the general forum; a page of it shows 30 topics, the competition's own forum is empty.
POSTS = 20_000

# Pages as a visitor reads them, the API as somebody who takes part asks it.
ROUTES = [
    ("home page", "/"),
    ("competition page", "/c/synthetic"),
    ("board page", "/c/synthetic/leaderboard"),
    ("data page", "/c/synthetic/data"),
    ("forum page", "/c/synthetic/forum"),
    ("general forum", "/forums/general"),
    ("competitions", "/api/v1/competitions"),
    ("competition", "/api/v1/competitions/synthetic"),
    ("board", "/api/v1/competitions/synthetic/leaderboard"),
    ("allowance", "/api/v1/competitions/synthetic/allowance"),
    ("own submissions", "/api/v1/competitions/synthetic/submissions"),
    ("whole board, CSV", "/c/synthetic/leaderboard.csv"),
    ("board, no token", "/api/v1/competitions/synthetic/leaderboard"),
]


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
            answered = routes(house.url, token, quick)
        print_memory("at its peak", {"mb": watch.peak_mb, "parts": watch.peak_parts})
        sizes = {"teams": teams, "submissions": submissions}
        return {**sizes, "routes": answered, "peak_mb": watch.peak_mb, "peak_parts": watch.peak_parts}


def is_judging(url):
    """Whether a scorer has announced its metrics."""
    with urllib.request.urlopen(f"{url}/api/v1/metrics") as answer:
        return json.load(answer)["items"]


def routes(url, token, quick):
    seconds, runs = (2, 1) if quick else (10, 3)
    results = {}
    for name, path in ROUTES:
        headers = [f"Authorization: Bearer {token}"] if path.startswith("/api") and "no token" not in name else []
        headers += ["Accept-Encoding: gzip"] if path.endswith(".csv") else []
        results[name] = {"path": path, **load.pages_a_second(url + path, seconds, runs, headers)}
        print(
            f"{name:<17} {results[name]['rps']:>8,.0f} requests/s, p50 {results[name]['p50_ms']:.2f} ms,"
            f" p99 {results[name]['p99_ms']:.2f} ms  {path}",
            flush=True,
        )
    return results
