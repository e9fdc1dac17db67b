"""The day of the deadline: people look, people send, the end comes, everybody looks again. Open loop: a request is sent
when its time has come, whether or not earlier ones were answered, and its time counts from when it should have been sent.
Nine of ten who look are signed in, each as another of those who take part, and see their own row."""

import multiprocessing
import os
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import answers
import freshness
import live
import measure
import streams
import tree
from limit import Limit
from people import Person

# Boards that are open all the time, pages and files a second in the last ten minutes, and pages a second once the private board is out (see README.md).
DAYS = {
    "7,200 teams on one core": {
        "number": "D1", "teams": 7_200, "submissions": 132_000, "cores": {0}, "mb": 1_024, "pages": 350, "open": 3_500, "files": 3.8, "reveal": 500,
    },
    "18,000 teams on two cores": {
        "number": "D2", "teams": 18_000, "submissions": 500_000, "cores": {0, 1}, "mb": 2_048, "pages": 880, "open": 8_750, "files": 9.4, "reveal": 1_250,
    },
}
QUICK_DAY = {"number": "D0", "teams": 500, "submissions": 5_000, "cores": {0}, "mb": 1_024, "pages": 100, "open": 200, "files": 1, "reveal": 200}
QUICK_SECONDS = 15
REVEAL_SECONDS = 60
ROWS, QUICK_ROWS = 200_000, 10_000
SENDERS = 96
# Of ten looks: the board, the board as JSON, the competition, the forum.
LOOKS = [streams.PAGE] * 5 + ["/api/v1/competitions/synthetic/leaderboard"] * 2
LOOKS += ["/c/synthetic"] * 2 + ["/c/synthetic/forum"]


def bench(binaries, work, quick, seconds):
    days = {"a rehearsal": QUICK_DAY} if quick else DAYS
    return {name: live_through(binaries, work, name, day, quick, seconds) for name, day in days.items()}


def live_through(binaries, work, name, day, quick, seconds):
    seconds, rows = (min(seconds, QUICK_SECONDS), QUICK_ROWS) if quick else (seconds, ROWS)
    everything = os.sched_getaffinity(0)
    with Limit(day["mb"]) as limit, live.House(binaries, work / "house", day["cores"] & everything, limit) as house:
        stage = prepare(house, day, rows)
        crowd = streams.Crowd(binaries, work, house.url, sign_in(house))
        os.sched_setaffinity(0, everything - day["cores"] or everything)
        try:
            with tree.Watch(house.pid, every_s=5) as watch, streams.Watchers(crowd, day["open"]) as watchers:
                watchers.begin()
                before = tree.processor_seconds(house.pid)
                last_minutes = play(stage, crowd, day, seconds)
                used = tree.processor_seconds(house.pid) - before
                judged = wait_until_judged(house)
                end(house)
                reveal = crowd.look([streams.PAGE], day["reveal"], REVEAL_SECONDS if not quick else 5)
        finally:
            os.sched_setaffinity(0, everything)
        bound = limit.told()
    cores = len(day["cores"] & everything)
    result = {
        **last_minutes, "open": watchers.told, "score": judged, "reveal": reveal, "cpu_share": used / seconds / cores, "peak_mb": watch.peak_mb, "bound": bound,
        "day": {key: value for key, value in day.items() if key != "cores"}, "cores": cores, "rows": rows, "seconds": seconds,
    }
    result["wrong"] = wrong(result)
    tell(name, result)
    return result


def wrong(result):
    """What no figure makes up for: who was not answered, and which file has no score."""
    asked = {"pages": "pages", "open": "open boards", "files": "files on their way", "reveal": "views of the private board"}
    found = [f"{result[part]['errors']} errors of {name}" for part, name in asked.items() if result[part]["errors"]]
    sent, received, scored = result["files"]["sent"], result["files"]["n"], result["score"]["n"]
    if received != sent:
        found.append(f"of {sent} files that were sent {received} were received")
    if scored != received:
        found.append(f"of {received} files that were received {scored} have a score")
    return found


def tell(name, result):
    pages, opened, files, score, reveal = (result[key] for key in ("pages", "open", "files", "score", "reveal"))
    for error in opened["said"]:
        print(f"an open board: {error}", flush=True)
    print(
        f"{name}, {result['seconds']} s: {pages['n']:,} pages, {pages['errors']} errors, p50 {pages['p50_ms']:.1f} ms, "
        f"p99 {pages['p99_ms']:.1f} ms; {opened['open']:,} open boards that fetched {opened['n']:,} pages when told, "
        f"{opened['errors']} errors, p99 {opened['p99_ms']:.1f} ms; {files['n']:,} files of {result['rows']:,} rows, {files['errors']} errors, received "
        f"p50 {files['p50_ms']:.0f} ms, p99 {files['p99_ms']:.0f} ms; scored p50 {score['p50_ms']:.0f} ms, p99 "
        f"{score['p99_ms']:.0f} ms after receipt; processor {result['cpu_share']:.0%}, peak {result['peak_mb']:.0f} MB "
        f"({told_bound(result['bound'])}); "
        f"the private board: {reveal['n']:,} pages, {reveal['errors']} errors, p99 {reveal['p99_ms']:.1f} ms",
        flush=True,
    )
    for sentence in result["wrong"]:
        print(f"{name}: {sentence}", flush=True)


def told_bound(bound):
    return "NO BOUND on memory" if bound is None else "under a bound of {limit_mb:,} MB, caches included, nothing killed".format(**bound)


def prepare(house, day, rows):
    """A seeded competition that judges as a real one does: its teams are synthetic, its files are not."""
    host = Person(house.url, "bench-deadline-host")
    real = freshness.launch(host, rows)
    house.seed(day["teams"], day["submissions"])
    house.sql(
        f"""
        set session_replication_role = replica;
        create temp table real as select v.*, s.recipient, s.storage_key, s.sealed_bytes, s.sealed_sha256
            from competitions c join scoring_versions v on v.id = c.active_version_id join solutions s on s.id = v.solution_id
            where c.slug = '{real}';
        update solutions s set storage_key = 'gone/' || s.id from real where s.id = real.solution_id;
        update solutions s set recipient = real.recipient, storage_key = real.storage_key, sealed_bytes = real.sealed_bytes,
            sealed_sha256 = real.sealed_sha256
            from real, competitions c join scoring_versions v on v.id = c.active_version_id
            where c.slug = 'synthetic' and s.id = v.solution_id;
        update scoring_versions v set metric = real.metric, params = real.params, context = real.context,
            public_fraction = real.public_fraction, split_seed = real.split_seed, higher_is_better = real.higher_is_better
            from real, competitions c where c.slug = 'synthetic' and v.id = c.active_version_id;
        update competitions set daily_limit = 100 where slug = 'synthetic';
        -- Scorers open a sealed file for another competition where both have a host in common.
        insert into competition_hosts (competition_id, user_id)
            select s.id, h.user_id
            from competitions s, competitions r join competition_hosts h on h.competition_id = r.id
            where s.slug = 'synthetic' and r.slug = '{real}'
            on conflict do nothing;
        """
    )
    sample = host.ask("GET", f"/c/{real}/data/sample_submission.csv")[1].decode().splitlines()
    files = [freshness.predictions(sample, seed) for seed in range(8)]
    people = [Person(house.url, f"bench-sender-{number}") for number in range(SENDERS)]
    for person in people:
        person.api("POST", "/competitions/synthetic/join", {"accept_rules": True})
    return people, files


def sign_in(house):
    """A cookie for each who takes part, teams in no order: sessions as signing in makes them."""
    house.sql(
        """
        insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at)
            select sha256(convert_to('s.bench-' || m.user_id, 'UTF8')), m.user_id, clock_now(), clock_now(), clock_now() + interval '1 day'
            from team_members m join competitions c on c.id = m.competition_id where c.slug = 'synthetic'
        """
    )
    people = house.sql(
        "select m.user_id from team_members m join competitions c on c.id = m.competition_id where c.slug = 'synthetic' "
        "order by md5(m.user_id::text)"
    )
    cookies = [f"holdout_session=s.bench-{person}" for person in people.split()]
    page = urllib.request.Request(house.url + LOOKS[0], headers={"cookie": cookies[0]})
    with urllib.request.urlopen(page) as answer:
        if b'class="mine"' not in answer.read():
            raise measure.Failed("who looks has no row of their own")
    return cookies


def play(stage, crowd, day, seconds):
    """Looks from one process, files from another."""
    ours, theirs = multiprocessing.Pipe()
    sender = multiprocessing.Process(target=send_all, args=(theirs, *stage, day["files"], seconds))
    sender.start()
    ours.recv()  # it is ready
    pages = crowd.look(LOOKS, day["pages"], seconds)
    files = ours.recv()
    sender.join()
    return {"pages": pages, "files": files}


def send_all(line, people, files, a_second, seconds):
    resting = list(people)
    lock = threading.Lock()
    taken, errors = [], []

    def send(number, due):
        person = None
        try:
            with lock:
                person = resting.pop(0)
            person.upload("/competitions/synthetic/submissions", "predictions.csv", files[number % len(files)])
            taken.append(time.perf_counter() - due)
        except Exception as error:  # noqa: BLE001: whatever it is, the file was not received
            errors.append(repr(error))
        finally:
            with lock:
                resting.extend([person] if person else [])

    line.send("ready")
    with ThreadPoolExecutor(len(people)) as pool:
        begun = time.perf_counter()
        sent = round(a_second * seconds)
        for number in range(sent):
            due = begun + number / a_second
            time.sleep(max(0.0, due - time.perf_counter()))
            pool.submit(send, number, due)
    for error in errors[:3]:
        print(f"a file was not received: {error}", flush=True)
    line.send({"sent": sent, **answers.summary(taken, len(errors))})


def wait_until_judged(house):
    started = time.monotonic()
    while int(house.sql("select count(*) from jobs where kind = 'score' and state in ('queued', 'leased')")):
        if time.monotonic() - started > 600:
            raise measure.Failed("files wait for their scores ten minutes after the end")
        time.sleep(0.2)
    of_real_files = "jobs j join submissions s on s.id = j.submission_id join competitions c on c.id = s.competition_id " \
        "join submission_log l on l.submission_id = s.id"
    row = house.sql(
        "select count(*) filter (where state = 'scored'), percentile_cont(0.5) within group (order by wait), "
        "percentile_cont(0.99) within group (order by wait) "
        f"from (select s.state, extract(epoch from j.finished_at - s.received_at) * 1e3 as wait from {of_real_files} "
        "where c.slug = 'synthetic' and j.kind = 'score') w"
    )
    n, median, worst = row.split("|")
    return {"n": int(n), "p50_ms": float(median), "p99_ms": float(worst)}


def end(house):
    house.sql(
        "update competitions set entry_deadline_at = starts_at, merger_deadline_at = starts_at, ends_at = clock_now(), "
        "moves_over_outage = false where slug = 'synthetic'"
    )
    started = time.monotonic()
    while not house.sql("select settled_at from competitions where slug = 'synthetic'"):
        if time.monotonic() - started > 120:
            raise measure.Failed("the final board does not stand")
        time.sleep(0.05)
