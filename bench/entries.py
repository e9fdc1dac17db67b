"""Files of 200,000 rows from the first byte to the score on the board, closed loop: each sender waits for its score, looks
for it on the board and sends the next one."""

import threading
import time

import freshness
import measure
from live import House
from people import Person

ROWS, QUICK_ROWS = 200_000, 10_000
SENDERS = 4
SECONDS, QUICK_SECONDS = 30, 5
# A person sends no more than so many a day.
A_DAY = 100
PEOPLE_A_SENDER = 8


def bench(binaries, work, quick):
    rows, seconds = (QUICK_ROWS, QUICK_SECONDS) if quick else (ROWS, SECONDS)
    with House(binaries, work / "house") as house:
        host = Person(house.url, "bench-host")
        slug = freshness.launch(host, rows)
        house.sql(f"update competitions set daily_limit = {A_DAY} where slug = '{slug}'")
        sample = host.ask("GET", f"/c/{slug}/data/sample_submission.csv")[1].decode().splitlines()
        files = [freshness.predictions(sample, seed) for seed in range(SENDERS)]
        people = [[join(house, slug, f"{sender}-{n}") for n in range(PEOPLE_A_SENDER)] for sender in range(SENDERS)]
        seen = freshness.Seen(house, slug)
        result = {**send_all(slug, people, files, seconds, seen), "board": seen.summary()}
    result = {"rows": len(sample) - 1, "mb": len(files[0]) / 1e6, "senders": SENDERS, "seconds": seconds, **result}
    print(
        "files of {rows:,} rows ({mb:.1f} MB), {senders} senders: {a_second:.1f} scored a second, p50 {p50_ms:.0f} ms from the "
        "first byte to the score, p99 {p99_ms:.0f} ms; from the score to everybody's board {board[worst_ms]:.0f} ms at most".format(**result),
        flush=True,
    )
    return result


def join(house, slug, number):
    person = Person(house.url, f"bench-sender-{number}")
    person.api("POST", f"/competitions/{slug}/join", {"accept_rules": True})
    return person


def send_all(slug, people, files, seconds, seen):
    taken, failed = [], []
    until = time.perf_counter() + seconds

    def send(sender):
        path = f"/competitions/{slug}/submissions?wait=30"
        turn = 0
        while time.perf_counter() < until:
            begun = time.perf_counter()
            try:
                person = people[sender][turn % PEOPLE_A_SENDER]
                answer, _ = person.upload(path, "predictions.csv", files[sender])
                if answer["state"] != "scored":
                    return failed.append(measure.Failed(f"a file is {answer['state']}"))
                taken.append(time.perf_counter() - begun)
                seen.wait_for(person, answer["id"], turn // PEOPLE_A_SENDER + 1)
            except measure.Failed as error:
                return failed.append(error)
            turn += 1

    begun = time.perf_counter()
    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - begun
    if failed:
        raise failed[0]
    taken.sort()
    rank = lambda share: 1e3 * taken[min(len(taken) - 1, int(len(taken) * share))]  # noqa: E731
    return {"n": len(taken), "a_second": len(taken) / passed, "p50_ms": rank(0.5), "p99_ms": rank(0.99)}
