"""From the last byte of an upload to the score, the solution ready in the scorer; and from the score to the board."""

import random
import time

import measure
from people import Person, wait_for

# A table of which this share becomes test rows.
TEST_SHARE = 0.3
ENTRIES_A_DAY = 5
MOST_LOOKS = 5_000


def bench(house, n_rows, n_participants):
    url = house.url
    host = Person(url, f"bench-host-{n_rows}")
    slug = launch(host, n_rows)
    times, seen = [], Seen(house, slug)
    for number in range(n_participants):
        participant = Person(url, f"bench-participant-{n_rows}-{number}")
        participant.api("POST", f"/competitions/{slug}/join", {"accept_rules": True})
        sample = participant.ask("GET", f"/c/{slug}/data/sample_submission.csv")[1].decode().splitlines()
        for entry in range(ENTRIES_A_DAY):
            taken, submission = seconds_to_score(participant, slug, predictions(sample, number * 10 + entry))
            times.append(taken)
            seen.wait_for(participant, submission, entry + 1)
    times.sort()
    return {
        "rows": len(sample) - 1,
        "entries": len(times),
        "median_ms": 1e3 * times[len(times) // 2],
        "p95_ms": 1e3 * times[int(len(times) * 0.95)],
        "worst_ms": 1e3 * times[-1],
        "board": seen.summary(),
    }


class Seen:
    """When a board that everybody reads showed what a scorer had written: after how long, at most."""

    def __init__(self, house, slug):
        self.house, self.slug = house, slug
        self.shown = {}

    def wait_for(self, person, submission, n_entries):
        """Asks for the board until the person's team has so many entries there."""
        path = f"/competitions/{self.slug}/leaderboard"
        for _ in range(MOST_LOOKS):
            board = person.api("GET", path)
            team = (board["own"] or {}).get("team_id")
            if any(row["team_id"] == team and row["n_entries"] >= n_entries for row in board["items"]):
                self.shown[submission] = time.time()
                return
        raise measure.Failed(f"submission {submission} is scored and on no board")

    def summary(self):
        """From the moment that the database tells, which is before the transaction ended."""
        chosen = ", ".join(map(str, self.shown))
        lines = self.house.sql(
            f"select submission_id, extract(epoch from finished_at) from jobs where kind = 'score' and submission_id in ({chosen})"
        )
        finished = {int(number): float(moment) for number, moment in (line.split("|") for line in lines.splitlines())}
        waits = sorted(1e3 * (moment - finished[int(submission)]) for submission, moment in self.shown.items())
        return {"n": len(waits), "median_ms": waits[len(waits) // 2], "worst_ms": waits[-1]}


def launch(host, n_rows):
    rng = random.Random(1)
    rows = (f"{rng.gauss(0, 1):.6f},{rng.gauss(0, 1):.6f}" for _ in range(round(n_rows / TEST_SHARE)))
    lines = [f"{row},{sum(map(float, row.split(','))) + rng.gauss(0, 0.3):.6f}" for row in rows]
    table = ("width,depth,price\n" + "\n".join(lines) + "\n").encode()
    slug = host.api("POST", "/competitions", {"title": f"Freshness of {n_rows} rows"})["slug"]
    host.upload(f"/competitions/{slug}/table?target=price", "table.csv", table)
    wait_for(lambda: host.api("GET", f"/competitions/{slug}/table")["proposal"], "the proposal")
    wait_for(lambda: host.api("GET", f"/competitions/{slug}/report")["is_current"], "the report")
    # Labels that are made up: whatever the audit finds in them.
    host.api("POST", f"/competitions/{slug}/launch", {"days": 30, "audit_reason": "A measurement."})
    return slug


def predictions(sample, seed):
    rng = random.Random(seed)
    ids = (line.split(",")[0] for line in sample[1:])
    return (sample[0] + "\n" + "".join(f"{row_id},{rng.gauss(0, 1):.6f}\n" for row_id in ids)).encode()


def seconds_to_score(participant, slug, content):
    received, left = participant.upload(f"/competitions/{slug}/submissions", "predictions.csv", content)
    path = f"/competitions/{slug}/submissions/{received['id']}"
    while participant.api("GET", path)["state"] in ("queued", "scoring"):
        time.sleep(0.002)
    scored = time.perf_counter()
    state = participant.api("GET", path)["state"]
    if state != "scored":
        raise AssertionError(f"submission {received['id']} is {state}")
    return scored - left, received["id"]
