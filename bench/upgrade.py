"""An older release under load while a newer one migrates its database beside it; when the load has ended, it takes its place."""

import subprocess
import threading
import time
import urllib.request

import freshness
import measure
from live import House
from people import Person, wait_for

TEAMS, SUBMISSIONS = 10_000, 2_000_000
QUICK_TEAMS, QUICK_SUBMISSIONS = 1_000, 20_000
ROWS = 10_000
A_DAY = 100
SENDERS = READERS = 2
# Under load, of the older release, on the schema of before and on that of after.
BEFORE_S, AFTER_S = 10, 20
ALLOWED_ERRORS = 0


def bench(older, newer, work, quick):
    teams, submissions = (QUICK_TEAMS, QUICK_SUBMISSIONS) if quick else (TEAMS, SUBMISSIONS)
    with House(older, work / "house") as house:
        host = Person(house.url, "bench-host")
        slug = freshness.launch(host, ROWS)
        house.sql(f"update competitions set daily_limit = {A_DAY} where slug = '{slug}'")
        house.seed(teams, submissions)
        load = Load(house, slug, host)
        migrated_s = load.around(lambda: migrate(newer, house))
        house.stop()
        house.program = newer / "holdout"
        house.start()
        unscored = load.unscored()
    if load.errors > ALLOWED_ERRORS or unscored:
        raise measure.Failed(f"{load.errors} errors, and of {len(load.received)} received {unscored} have no score")
    result = {
        "teams": teams, "submissions": submissions, "migrated_s": migrated_s, "received": len(load.received),
        "pages": len(load.waits["page"]), "slowest_page_ms": 1e3 * max(load.waits["page"]),
        "slowest_receipt_ms": 1e3 * max(load.waits["receipt"]),
    }
    print(
        "{submissions:,} submissions migrated in {migrated_s:.1f} s beside the older release: {pages:,} pages, the slowest "
        "{slowest_page_ms:.0f} ms; {received} files received, the slowest after {slowest_receipt_ms:.0f} ms; no error, all "
        "scored under the newer".format(**result),
        flush=True,
    )
    return result


def migrate(newer, house):
    begun = time.monotonic()
    subprocess.run([newer / "holdout", "migrate"], env=house.environment, check=True)
    return time.monotonic() - begun


class Load:
    """Readers of boards and senders of files, each as fast as it is answered."""

    def __init__(self, house, slug, host):
        self.url = house.url
        self.slug = slug
        self.waits = {"page": [], "receipt": []}
        self.received = []
        self.errors = 0
        self.is_over = threading.Event()
        sample = host.ask("GET", f"/c/{slug}/data/sample_submission.csv")[1].decode().splitlines()
        self.content = freshness.predictions(sample, 1)
        self.senders = [self.join(number) for number in range(SENDERS)]

    def join(self, number):
        person = Person(self.url, f"bench-sender-{number}")
        person.api("POST", f"/competitions/{self.slug}/join", {"accept_rules": True})
        return person

    def around(self, work):
        """What `work` returns, done while there is load."""
        jobs = [lambda sender=sender: self.send(sender) for sender in self.senders]
        jobs += [self.read] * READERS
        threads = [threading.Thread(target=self.repeat, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            time.sleep(BEFORE_S)
            done = work()
            time.sleep(AFTER_S)
        finally:
            self.is_over.set()
            for thread in threads:
                thread.join()
        return done

    def repeat(self, job):
        while not self.is_over.wait(0.02):
            try:
                job()
            except (OSError, measure.Failed) as error:
                print(error, flush=True)
                self.errors += 1

    def read(self):
        begun = time.perf_counter()
        with urllib.request.urlopen(f"{self.url}/c/synthetic/leaderboard", timeout=60) as answer:
            answer.read()
        self.waits["page"].append(time.perf_counter() - begun)

    def send(self, sender):
        begun = time.perf_counter()
        answer, _ = sender.upload(f"/competitions/{self.slug}/submissions", "predictions.csv", self.content)
        self.waits["receipt"].append(time.perf_counter() - begun)
        self.received.append((sender, answer["id"]))
        time.sleep(BEFORE_S / A_DAY * 4)

    def unscored(self):
        """How many of the files received never get a score."""
        return sum(not self.becomes_scored(sender, submission) for sender, submission in self.received)

    def becomes_scored(self, sender, submission):
        path = f"/competitions/{self.slug}/submissions/{submission}"
        sender.line.close()
        return wait_for(lambda: (state := sender.api("GET", path)["state"]) not in ("queued", "scoring") and state, path) == "scored"
