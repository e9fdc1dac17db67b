"""Two servers and two scorers of an older release under load, while a newer one migrates their database beside them and takes
their place, one program after another, behind a balancer that repeats nothing."""

import shutil
import signal
import subprocess
import threading
import time
import urllib.request
from http.client import HTTPException

import freshness
import measure
from balance import Balancer
from live import House, free_port, is_ready
from people import Person, wait_for

TEAMS, SUBMISSIONS = 10_000, 2_000_000
QUICK_TEAMS, QUICK_SUBMISSIONS = 1_000, 20_000
ROWS = 10_000
A_DAY = 1_000
SENDERS, READERS = 4, 2
PAUSE_S = 0.5
# Under load: of the older release alone, between two steps, and of the newer alone.
BEFORE_S, BETWEEN_S, AFTER_S = 10, 3, 10
# A server that leaves says so for so long, as docs/operations.md advises behind a proxy.
LEAVE_AFTER_S = 1
PATIENCE_S = 60
DATABASE = "upgraded"
TOO_OLD = "This scorer is too old for this installation and is given no work."
TOO_OLD_SERVER = "The database's schema is newer than this program."


def bench(older, newer, work, quick):
    teams, submissions = (QUICK_TEAMS, QUICK_SUBMISSIONS) if quick else (TEAMS, SUBMISSIONS)
    balancer = Balancer(free_port())
    # The house lends its PostgreSQL.
    with House(older, work / "house") as house, balancer, Site(house, balancer, older) as site:
        host = Person(site.url, "bench-host")
        slug = freshness.launch(host, ROWS)
        site.sql(f"update competitions set daily_limit = {A_DAY} where slug = '{slug}'")
        site.holdout(older, "seed", "--teams", str(teams), "--submissions", str(submissions))
        load = Load(site.url, slug, host)
        n_migrations = int(site.sql("select count(*) from _sqlx_migrations"))
        migrated_s, replaced = load.around(lambda: (site.migrate(newer), site.replace(newer)))
        kept = load.kept(site)
        result = {
            "teams": teams, "submissions": submissions, "migrated_s": migrated_s, "replaced": replaced,
            "migrations": int(site.sql("select count(*) from _sqlx_migrations")) - n_migrations,
            "received": len(load.received), "errors": load.errors, **kept,
            "pages": len(load.waits["page"]), "slowest_page_ms": 1e3 * max(load.waits["page"]),
            "slowest_receipt_ms": 1e3 * max(load.waits["receipt"]),
        }
        result["refused"] = site.refused(older)
    wrong = result["errors"] or result["lost"] or result["made_up"] or result["unscored"] or result["attempts"] > 1
    if wrong:
        raise measure.Failed(f"an upgrade under load: {result}")
    tell(result)
    return result


def tell(result):
    each = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result["replaced"])
    print(
        "{submissions:,} submissions, {migrations} migrations in {migrated_s:.1f} s beside two servers and two scorers of the older release, "
        "then one after another replaced ({each}): {pages:,} pages, the slowest {slowest_page_ms:.0f} ms; {received} files received, the "
        "slowest after {slowest_receipt_ms:.0f} ms; no error, each scored at the first attempt".format(each=each, **result),
        flush=True,
    )
    for name, words in result["refused"].items():
        print(f"an older {name} that is started afterwards: {words}", flush=True)


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
        keygen = [self.release / "holdout-scorer", "keygen", "--key", self.folder / "scorer.key"]
        subprocess.run(keygen, check=True, capture_output=True)
        self.holdout(self.release, "migrate")
        for _ in range(2):
            self.start_server(self.release)
            self.scorers.append(self.start_scorer(self.release))
        self.balancer.turn_to(self.servers)
        wait_for(lambda: self.sql("select 1 from scorers limit 1"), "a scorer")
        return self

    def sql(self, statement):
        return self.house.sql(statement, DATABASE)

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
        """Servers first, then scorers, one after another, as docs/operations.md says; the seconds of each."""
        return [
            *[self.timed("server", lambda: self.replace_server(port, newer)) for port in list(self.servers)],
            *[self.timed("scorer", lambda: self.replace_scorer(number, newer)) for number in range(len(self.scorers))],
        ]

    def timed(self, name, step):
        begun = time.monotonic()
        step()
        seconds = time.monotonic() - begun
        time.sleep(BETWEEN_S)
        return name, seconds

    def replace_server(self, port, newer):
        self.start_server(newer)
        self.balancer.turn_to(self.servers)
        end(self.servers[port])
        del self.servers[port]
        self.balancer.turn_to(self.servers)

    def replace_scorer(self, number, newer):
        leaving, self.scorers[number] = self.scorers[number], self.start_scorer(newer)
        end(leaving)

    def refused(self, older):
        """What programs of the older release are told that are started now; nothing where the newer asks for no more."""
        told = {}
        served = subprocess.run([older / "holdout", "serve"], env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S)
        if TOO_OLD_SERVER in served.stderr + served.stdout:
            told["server"] = TOO_OLD_SERVER
        # As the release after the newer one will, once nobody is to be waited for.
        self.sql("update contract set oldest = newest")
        log = self.folder / "older-scorer.log"
        with open(log, "w") as output:
            command = [older / "holdout-scorer", "work"]
            scorer = subprocess.Popen(command, env=self.environment, stdout=output, stderr=subprocess.STDOUT)
            time.sleep(BETWEEN_S)
            end(scorer)
        if TOO_OLD in log.read_text():
            told["scorer"] = TOO_OLD
        return told

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
        with urllib.request.urlopen(f"{self.url}/c/synthetic/leaderboard", timeout=PATIENCE_S) as answer:
            answer.read()
        self.waits["page"].append(time.perf_counter() - begun)

    def send(self, sender):
        begun = time.perf_counter()
        sender.line.close()  # as somebody who has just come
        answer, _ = sender.upload(f"/competitions/{self.slug}/submissions", "predictions.csv", self.content)
        self.waits["receipt"].append(time.perf_counter() - begun)
        self.received.append(int(answer["id"]))
        time.sleep(PAUSE_S)

    def kept(self, site):
        """What became of the files whose senders were told that they were received."""
        of_contest = f"from submissions where competition_id = (select id from competitions where slug = '{self.slug}')"
        unfinished = f"select count(*) {of_contest} and state in ('queued', 'scoring')"
        wait_for(lambda: site.sql(unfinished) == "0", "the last score")
        lines = site.sql(f"select id, state {of_contest}").splitlines()
        states = {int(number): state for number, state in (line.split("|") for line in lines)}
        told = set(self.received)
        return {
            "lost": len(told - states.keys()),
            "made_up": len(states.keys() - told),
            "unscored": sum(states.get(number) != "scored" for number in told),
            "attempts": int(site.sql(f"select max(attempts) from jobs where submission_id in (select id {of_contest})")),
        }
