"""What ten times the submissions do to the pages that read them."""

import api
import load
from live import House
from people import Person, take_over, wait_for

TEAMS = 10_000
FEW, MANY = 200_000, 2_000_000
QUICK_TEAMS, QUICK_FEW, QUICK_MANY = 1_000, 10_000, 100_000
PATHS = {
    "board page": "/c/{}/leaderboard",
    "board": "/api/v1/competitions/{}/leaderboard",
    # Whoever is asked about has sent 20 files in the small one and some 75 in the large one: as many rows of both.
    "own submissions": "/api/v1/competitions/{}/submissions?limit=20",
    "own submissions page": "/c/{}/submissions",
}


def bench(binaries, work, quick):
    teams, few, many = (QUICK_TEAMS, QUICK_FEW, QUICK_MANY) if quick else (TEAMS, FEW, MANY)
    with House(binaries, work / "house") as house:
        wait_for(lambda: api.is_judging(house.url), "a scorer")
        person = Person(house.url, "bench-host")
        results = {"teams": teams, "few": few, "many": many}
        results["before"] = filled(house, person, "few", teams, few, quick)
        results["after"] = filled(house, person, "many", teams, many, quick)
        results["same_after"] = ask(house, person, "few", quick)
    for name in PATHS:
        before, after, same = (results[when][name]["p50_ms"] for when in ("before", "after", "same_after"))
        rates = [results[when][name]["rps"] for when in ("before", "after", "same_after")]
        print(
            f"{name:<21} {few:,} submissions {before:.2f} ms, {rates[0]:,.0f} a second; {many:,}: {after / before:.2f} times"
            f" the time, {rates[0] / rates[1]:.2f} by the rate; the small one beside it {same / before:.2f}, {rates[0] / rates[2]:.2f}",
            flush=True,
        )
    return results


def filled(house, person, slug, teams, submissions, quick):
    house.seed(teams, submissions, slug=slug)
    person.api("POST", f"/competitions/{slug}/join", {"accept_rules": True})
    take_over(house, person, slug, api.OWN_SUBMISSIONS)
    return ask(house, person, slug, quick)


def ask(house, person, slug, quick):
    seconds, runs = (2, 1) if quick else (10, 3)
    cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    headers = [f"Cookie: {cookie}", "Sec-Fetch-Site: same-origin"]
    return {
        name: load.pages_a_second(house.url + path.format(slug), seconds, runs, headers) for name, path in PATHS.items()
    }
