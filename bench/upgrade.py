"""Two servers and two scorers of an older release under load, while a newer one migrates their database beside them and takes
their place, one after another, behind a balancer that repeats nothing."""

import shutil
import signal
import subprocess
import threading
import time
import urllib.request
from http.client import HTTPException

import freshness
import measure
from live import House, free_port, is_ready
from peers.balance import Balancer
from people import Person, wait_for

TEAMS, SUBMISSIONS = 10_000, 2_000_000
QUICK_TEAMS, QUICK_SUBMISSIONS = 1_000, 20_000
ROWS = 10_000
A_DAY = 100
SENDERS, READERS = 4, 2
PAUSE_S = 0.8
# Under load: of the older release alone, between two steps, and of the newer alone.
BEFORE_S, BETWEEN_S, AFTER_S = 10, 3, 10
# A server that leaves says so for so long, as docs/operations.md advises behind a proxy.
LEAVE_AFTER_S = 1
PATIENCE_S = 60
DATABASE = "upgraded"


def bench(older, newer, work, quick):
    teams, submissions = (QUICK_TEAMS, QUICK_SUBMISSIONS) if quick else (TEAMS, SUBMISSIONS)
    balancer = Balancer(free_port())
    # The house lends its PostgreSQL.
    with House(older, work / "house") as house, balancer, Site(house, balancer, older) as site:
        host = Person(site.url, "bench-host")
        slug = freshness.launch(host, ROWS)
        house.sql(f"update competitions set daily_limit = {A_DAY} where slug = '{slug}'", DATABASE)
        site.holdout(older, "seed", "--teams", str(teams), "--submissions", str(submissions))
        load = Load(site.url, slug, host)
        migrated_s, replaced_s = load.around(lambda: (site.migrate(newer), site.replace(newer)))
        unscored = load.unscored()
    if load.errors or unscored:
        raise measure.Failed(f"{load.errors} errors, and of {len(load.received)} received {unscored} have no score")
    result = {
        "teams": teams, "submissions": submissions, "migrated_s": migrated_s, "replaced_s": replaced_s,
        "received": len(load.received), "pages": len(load.waits["page"]), "slowest_page_ms": 1e3 * max(load.waits["page"]),
        "slowest_receipt_ms": 1e3 * max(load.waits["receipt"]),
    }
    print(
        "{submissions:,} submissions migrated in {migrated_s:.1f} s beside two servers and two scorers of the older release, each of them "
        "replaced in {replaced_s:.1f} s: {pages:,} pages, the slowest {slowest_page_ms:.0f} ms; {received} files received, the slowest "
        "after {slowest_receipt_ms:.0f} ms; no error, all scored".format(**result),
        flush=True,
    )
    return result


class Site:
    """Two servers and two scorers on a database of their own, all of whose programs can be replaced."""

    def __init__(self, house, balancer, release):
        self.house, self.balancer, self.release = house, balancer, release
        self.url = f"http://127.0.0.1:{balancer.port}"
        self.folder = house.folder.parent / "site"
        self.environment = {
            **{name: value for name, value in house.environment.items() if name != "HOLDOUT_LISTEN"},
            "DATABASE_URL": house.address(DATABASE),
            "HOLDOUT_DATABASE_URL": house.address(DATABASE),
            "HOLDOUT_DATA_DIR": str(self.folder),
            "HOLDOUT_FILES": str(self.folder / "files"),
            "HOLDOUT_SCORER_KEY": str(self.folder / "scorer.key"),
            "HOLDOUT_PUBLIC_URL": self.url,
            "HOLDOUT_LEAVE_AFTER_SECONDS": str(LEAVE_AFTER_S),
        }
        self.servers, self.scorers = {}, []

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "files").mkdir(parents=True)
        self.house.sql(f"create database {DATABASE}")
        subprocess.run([self.release / "holdout-scorer", "keygen", "--key", self.folder / "scorer.key"], check=True, capture_output=True)
        self.holdout(self.release, "migrate")
        for _ in range(2):
            self.start_server(self.release)
            self.scorers.append(self.start_scorer(self.release))
        self.balancer.turn_to(self.servers)
        wait_for(lambda: self.house.sql("select 1 from scorers limit 1", DATABASE), "a scorer")
        return self

    def holdout(self, release, *words):
        subprocess.run([release / "holdout", *words], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def start(self, command, **more):
        return subprocess.Popen(command, env={**self.environment, **more}, stdout=self.house.log, stderr=subprocess.STDOUT)

    def start_server(self, release):
        port = free_port()
        begun = time.monotonic()
        server = self.start([release / "holdout", "serve"], HOLDOUT_LISTEN=f"127.0.0.1:{port}")
        self.servers[port] = server
        while not is_ready(f"http://127.0.0.1:{port}"):
            if server.poll() is not None or time.monotonic() - begun > PATIENCE_S:
                raise measure.Failed(f"`holdout serve` did not come up; see {self.house.log.name}")
            time.sleep(0.02)

    def start_scorer(self, release):
        return self.start([release / "holdout-scorer", "work"])

    def migrate(self, newer):
        begun = time.monotonic()
        self.holdout(newer, "migrate")
        seconds = time.monotonic() - begun
        time.sleep(BETWEEN_S)
        return seconds

    def replace(self, newer):
        """Servers first, then scorers, one after another, as docs/operations.md says; the mean seconds of one."""
        begun = time.monotonic()
        for port in list(self.servers):
            self.start_server(newer)
            self.balancer.turn_to(self.servers)
            end(self.servers[port])
            del self.servers[port]
            self.balancer.turn_to(self.servers)
            time.sleep(BETWEEN_S)
        for number, scorer in enumerate(list(self.scorers)):
            self.scorers[number] = self.start_scorer(newer)
            end(scorer)
            time.sleep(BETWEEN_S)
        n_replaced = len(self.servers) + len(self.scorers)
        return (time.monotonic() - begun) / n_replaced - BETWEEN_S

    def __exit__(self, *_):
        for process in [*self.servers.values(), *self.scorers]:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def end(process):
    """As an operator ends it, who waits."""
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE_S)


class Load:
    """Readers of boards and senders of files, each as fast as it is answered."""

    def __init__(self, url, slug, host):
        self.url = url
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
        """What `work` returns, done while there is load, which began before it and ends after it."""
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
            except (OSError, HTTPException, measure.Failed) as error:
                print(error, flush=True)
                self.errors += 1

    def read(self):
        begun = time.perf_counter()
        with urllib.request.urlopen(f"{self.url}/c/synthetic/leaderboard", timeout=60) as answer:
            answer.read()
        self.waits["page"].append(time.perf_counter() - begun)

    def send(self, sender):
        begun = time.perf_counter()
        sender.line.close()  # as somebody who has just come
        answer, _ = sender.upload(f"/competitions/{self.slug}/submissions", "predictions.csv", self.content)
        self.waits["receipt"].append(time.perf_counter() - begun)
        self.received.append((sender, answer["id"]))
        time.sleep(PAUSE_S)

    def unscored(self):
        """How many of the files received never get a score."""
        return sum(not self.becomes_scored(sender, submission) for sender, submission in self.received)

    def becomes_scored(self, sender, submission):
        path = f"/competitions/{self.slug}/submissions/{submission}"
        sender.line.close()
        return wait_for(lambda: (state := sender.api("GET", path)["state"]) not in ("queued", "scoring") and state, path) == "scored"
