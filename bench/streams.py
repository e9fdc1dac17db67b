"""Those who look, as `holdout-driver` (see driver/) makes them: pages at so many a second, and boards that stay open."""

import json
import subprocess

import measure

PAGE = "/c/synthetic/leaderboard"
STREAM = "/c/synthetic/live?on=board"


class Crowd:
    """People who are signed in, by their cookies; one of ten who look is not."""

    def __init__(self, binaries, work, url, cookies):
        self.url = url
        self.program = binaries / "holdout-driver"
        self.people = work / "cookies.txt"
        self.people.write_text("".join(f"{cookie}\n" for cookie in cookies))

    def command(self, verb, *options):
        return [self.program, verb, "--url", self.url, "--people", self.people, *map(str, options)]

    def look(self, paths, a_second, seconds):
        """Times count from when a page was due."""
        done = subprocess.run(self.command("look", "--a-second", a_second, "--seconds", seconds, *paths), capture_output=True, text=True)
        if done.returncode != 0:
            raise measure.Failed(done.stderr.strip())
        met = answers(done.stdout)
        for error in met["said"]:
            print(f"a page was not answered: {error}", flush=True)
        return met


class Watchers:
    """So many open boards, for as long as this is entered; afterwards what they met."""

    def __init__(self, crowd, number):
        self.command = crowd.command("watch", "--open", number, "--page", PAGE, "--stream", STREAM)
        self.number, self.told = number, None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        if self.process.stdout.readline() != "open\n":
            raise measure.Failed("not all boards could be opened")
        return self

    def begin(self):
        """What was met until now is forgotten."""
        self.process.stdin.write("begin\n")

    def __exit__(self, *_):
        text, _ = self.process.communicate("end\n")
        if self.process.returncode == 0:
            self.told = {**answers(text), "open": self.number}


def answers(text):
    """Where nobody was answered, times are not numbers."""
    return {name: float("nan") if value is None else value for name, value in json.loads(text).items()}
