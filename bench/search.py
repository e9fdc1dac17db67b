"""Search among a million posts: time to an answer of the API, for words of every frequency."""

import json
import statistics
import time
import urllib.parse
import urllib.request

import live

POSTS, QUICK_POSTS = 1_000_000, 20_000
TEAMS = 2_000
# Of the synthetic language: the nth word is as frequent as 1/n.
SYLLABLES = "ba cor da fen gu hal ki lor mi nat pe qua ri sol ta ul vo wen yo zar".split()
QUERIES = {
    "in very many posts": [1, 2, 5, 10],
    "in many posts": [50, 100, 200, 400],
    "in few posts": [2000, 4000, 6000, 7900],
}
RUNS = 20
AIM_MS = 50


def word(k):
    return SYLLABLES[k % 20] + SYLLABLES[k // 20 % 20] + SYLLABLES[k // 400 % 20]


def bench(binaries, work, quick):
    posts = QUICK_POSTS if quick else POSTS
    with live.House(binaries, work / "house") as house:
        live.rest(house, quick=True)  # until a scorer has announced itself
        house.seed(TEAMS, TEAMS, posts=posts)
        results = {"posts": posts}
        for name, numbers in QUERIES.items():
            queries = [word(k) for k in numbers]
            queries += [f"{one} {other}" for one, other in zip(queries, queries[1:])]
            results[name] = measure(house.url, "discussion", queries)
        results["misspelt"] = measure(house.url, "discussion", [word(k)[:-1] + "x" for k in (30, 300, 3000)])
        results["people"] = measure(house.url, "people", ["synthetic 17", "synthetc"])
    for name, taken in results.items():
        if name != "posts":
            print(
                f"search, {name:<20} p50 {taken['p50_ms']:6.1f} ms, p95 {taken['p95_ms']:6.1f} ms, "
                f"worst {taken['worst_ms']:6.1f} ms ({posts:,} posts; aim: {AIM_MS} ms)",
                flush=True,
            )
    return results


def measure(url, part, queries):
    taken = []
    for query in queries:
        for run in range(RUNS + 1):
            address = f"{url}/api/v1/search?" + urllib.parse.urlencode({"q": query, "in": part})
            started = time.perf_counter()
            with urllib.request.urlopen(address) as answer:
                json.load(answer)
            if run > 0:  # the first one reads from the disk
                taken.append((time.perf_counter() - started) * 1e3)
    cuts = statistics.quantiles(taken, n=20)
    return {"p50_ms": cuts[9], "p95_ms": cuts[18], "worst_ms": max(taken), "queries": queries}
