"""A board looked at as it happens: a real scorer takes a real job, with sealed columns in storage and a real PostgreSQL. Then
its first page and its first rows as JSON, made anew and kept.

    bench/run --part ranks
    python bench/boards.py FOLDER TEAMS ROWS        # the board alone, of another size, with programs that were built
"""

import json
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.request

import numpy

import measure
from live import House
from people import Person, wait_for

TEAMS, ROWS = 1000, 100_000
QUICK_TEAMS, QUICK_ROWS = 50, 2000
ROUNDS, QUICK_ROUNDS = 5, 2
# So many rows on which nobody looks before the end; a competition has some.
PRIVATE_ROWS = 1000
FILES_A_SENDER = 100
METRIC = "rmse"
SLUG = "a-measured-board"
PATIENCE_S = 1800
LOOKS = 15
ADDRESSES = {"the first page": f"/c/{SLUG}/leaderboard", "the first rows as JSON": f"/api/v1/competitions/{SLUG}/leaderboard"}


def bench(binaries, work, quick, pure):
    """`pure` are the seconds of the computation alone, as `holdout-scorer measure-ranks` tells them."""
    teams, rows, rounds = (QUICK_TEAMS, QUICK_ROWS, QUICK_ROUNDS) if quick else (TEAMS, ROWS, ROUNDS)
    return of_size(binaries, work, teams, rows, rounds, pure)


def of_size(binaries, work, teams, rows, rounds, pure):
    with House(binaries, work / "house") as house:
        files = Files(rows)
        launch(house, Person(house.url, "bench-host"), files)
        changer = send_all(house, files, teams)
        spread(house)
        first_s = look_until_known(house, teams)
        refreshes = [refresh(house, changer, files, number) for number in range(rounds)]
        shown = {what: seen(house, address) for what, address in ADDRESSES.items()}
    result = {"teams": teams, "rows": rows, "first_look_s": first_s}
    result |= {part: statistics.median(taken[part] for taken in refreshes) for part in refreshes[0]}
    result["computing_s"] = pure["one_column_s"] + pure["ranges_s"] + pure["shake_up_s"]
    print(
        "the same board by a job, after one file: {refresh_s:.2f} s from the lease until it can be read, of which the scorer "
        "{scorer_s:.2f} s (the computation alone {computing_s:.2f}; the rest is reading and unsealing columns, and sealing the "
        "covariances) and the database {database_s:.2f} s; the first look, at {teams:,} files, {first_look_s:.0f} s".format(**result),
        flush=True,
    )
    for what, (anew, kept) in shown.items():
        print(f"{what} of this board: made anew {anew:.1f} ms, kept {kept:.1f} ms (medians of {LOOKS})", flush=True)
    return result | {"shown_ms": shown}


def seen(house, address):
    """Milliseconds of an answer after the ranges changed, and of the same kept."""
    times = [], []
    for _ in range(LOOKS):
        house.sql("update competitions set ranks_revision = ranks_revision + 1")
        for taken in times:
            begun = time.perf_counter()
            urllib.request.urlopen(house.url + address).read()
            taken.append(1e3 * (time.perf_counter() - begun))
    return [statistics.median(taken) for taken in times]


class Files:
    """Labels and files that are right but for an error that all share, and one of their own."""

    def __init__(self, rows):
        self.random = numpy.random.default_rng(1)
        self.n = rows + PRIVATE_ROWS
        self.labels = self.random.standard_normal(self.n)
        self.common = 0.5 * self.random.standard_normal(self.n)
        self.usage = ["Public"] * rows + ["Private"] * PRIVATE_ROWS

    def solution(self):
        lines = zip(range(self.n), self.labels.tolist(), self.usage)
        return ("id,target,Usage\n" + "".join(f"{row},{label:.4f},{usage}\n" for row, label, usage in lines)).encode()

    def sample(self):
        return ("id,target\n" + "".join(f"{row},0\n" for row in range(self.n))).encode()

    def predictions(self, error):
        values = self.labels + self.common + error * self.random.standard_normal(self.n)
        return ("id,target\n" + "".join(f"{row},{value:.4f}\n" for row, value in enumerate(values.tolist()))).encode()


def launch(house, host, files):
    host.api("POST", "/competitions", {"title": "A measured board", "slug": SLUG})
    wait_for(lambda: house.sql("select 1 from scorers limit 1"), "a scorer")
    put(host, "/data/sample_submission.csv?role=sample_submission", files.sample())
    put(host, "/solution", files.solution())
    host.api("PUT", f"/competitions/{SLUG}/metric", {"metric": METRIC})
    wait_for(lambda: host.api("GET", f"/competitions/{SLUG}/report")["is_current"], "the report")
    house.sql(f"update competitions set ladder = 'off', daily_limit = {FILES_A_SENDER} where slug = '{SLUG}'")
    # Labels that are made up: whatever the audit finds in them.
    host.api("POST", f"/competitions/{SLUG}/launch", {"days": 30, "audit_reason": "A measurement."})


def put(host, rest, content):
    answer, body = host.ask("PUT", f"/api/v1/competitions/{SLUG}{rest}", content, "application/octet-stream")
    if answer.status >= 300:
        raise measure.Failed(f"PUT {rest}: {answer.status} {body[:300]!r}")


def send_all(house, files, teams):
    """Every team's file; gives who sent the last one, and sends again later."""
    for number in range(teams):
        if number % FILES_A_SENDER == 0 or number == teams - 1:
            sender = Person(house.url, f"bench-sender-{number}")
            sender.api("POST", f"/competitions/{SLUG}/join", {"accept_rules": True})
        send(sender, files.predictions(0.5 + 1e-4 * number))
    return sender


def send(sender, content):
    answer, _ = sender.upload(f"/competitions/{SLUG}/submissions?wait=30", "predictions.csv", content)
    if answer["state"] != "scored":
        raise measure.Failed(f"a file is {answer['state']}")


def spread(house):
    """A team for every file, as if each had come from another: the last of each sender stays with its team."""
    house.sql(
        f"""
        set session_replication_role = replica;
        create temp table moved as
            select s.id as submission_id, s.competition_id, nextval(pg_get_serial_sequence('teams', 'id')) as team_id
            from submissions s join competitions c on c.id = s.competition_id and c.slug = '{SLUG}'
            where exists (select from submissions l where l.team_id = s.team_id and l.id > s.id);
        insert into teams (id, competition_id, name) overriding system value
            select team_id, competition_id, 'Measured team ' || team_id from moved;
        update submissions s set team_id = m.team_id from moved m where m.submission_id = s.id;
        update scores x set team_id = m.team_id from moved m where m.submission_id = x.submission_id;
        delete from board_entries where competition_id = (select id from competitions where slug = '{SLUG}');
        insert into board_entries (competition_id, version_id, team_id, submission_id, public_score, rank_key, reached_at,
                                   n_entries, last_entry_at)
            select c.id, x.version_id, x.team_id, x.submission_id, x.public_score, x.rank_key, x.received_at, 1, x.received_at
            from competitions c join scores x on x.version_id = c.active_version_id
            where c.slug = '{SLUG}';
        update competitions c set board_revision = board_revision + 1,
            n_teams = (select count(*) from teams t where t.competition_id = c.id) where slug = '{SLUG}';
        """
    )
    wish(house)


def wish(house):
    """Has an idle scorer look now."""
    house.sql(
        f"""insert into rank_refreshes select id, now() from competitions where slug = '{SLUG}'
            on conflict (competition_id) do update set due_at = now()"""
    )


def look_until_known(house, teams):
    """Seconds of scorers until every team has a range: a look takes up so many new files as it has time for."""
    count = "select count(*) from rank_ranges r join rank_summaries s using (competition_id, version_id, split) where s.absent is null"
    begun = time.monotonic()
    while int(house.sql(count)) != teams:
        if time.monotonic() - begun > PATIENCE_S:
            raise measure.Failed("the board is not looked at")
        time.sleep(0.5)
    return float(house.sql("select sum(extract(epoch from finished_at - leased_at)) from jobs where kind = 'ranks' and state = 'done'"))


def refresh(house, changer, files, number):
    """Seconds of one look after one team's better file; in the job's last transaction `now()` is when it began."""
    send(changer, files.predictions(0.45 - 1e-3 * number))
    revision = house.sql(f"select board_revision from competitions where slug = '{SLUG}'")
    wish(house)
    answer = house.sql(
        f"""
        do $$ begin
            for i in 1..{PATIENCE_S * 1000} loop
                exit when exists (select from rank_summaries where board_revision >= {revision});
                perform pg_sleep(0.001);
            end loop;
        end $$;
        select json_build_object('scorer_s', extract(epoch from finished_at - leased_at),
                                 'database_s', extract(epoch from clock_timestamp() - finished_at),
                                 'refresh_s', extract(epoch from clock_timestamp() - leased_at))
        from jobs where kind = 'ranks' and state = 'done' order by id desc limit 1
        """
    )
    return json.loads(answer)


if __name__ == "__main__":
    programs, (n_teams, n_rows) = pathlib.Path(sys.argv[1]).resolve(), map(int, sys.argv[2:])
    command = [programs / "holdout-scorer", "measure-ranks", "--teams", str(n_teams), "--rows", str(n_rows)]
    alone = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    print(f"ranges alone {alone['ranges_s']:.2f} s, forecast {alone['shake_up_s']:.2f} s", flush=True)
    of_size(programs, pathlib.Path(".bench").resolve(), n_teams, n_rows, ROUNDS, alone)
