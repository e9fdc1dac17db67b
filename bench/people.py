"""A person at the site: registers by the form, then talks to the API with the session's cookie."""

import http.client
import json
import re
import time
from urllib.parse import quote, urlencode, urlsplit

import measure

PATIENCE_S = 120
PASSWORD = "a password of the bench"


class Person:
    def __init__(self, url, name):
        self.address = urlsplit(url).netloc
        self.name = name
        self.cookies = {}
        self.line = http.client.HTTPConnection(self.address, timeout=PATIENCE_S)
        form = {"username": name, "email": f"{name}@bench.invalid", "password": PASSWORD, "next": ""}
        answer, body = self.ask("POST", "/register", urlencode(form), "application/x-www-form-urlencoded")
        if answer.status not in (302, 303):
            raise measure.Failed(f"{name} cannot register: {answer.status} {body[:300]!r}")

    def ask(self, method, path, body=None, content_type=None, headers=()):
        """Sends a request and reads the whole answer; returns it with the body."""
        self.send(method, path, body, content_type, headers)
        return self.answer()

    def send(self, method, path, body, content_type, headers=()):
        sent = {"sec-fetch-site": "same-origin", **dict(headers)}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if content_type:
            sent["content-type"] = content_type
        self.line.request(method, path, body, sent)

    def answer(self):
        answer = self.line.getresponse()
        body = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, content = re.match(r"([^=]+)=([^;]*)", value).groups()
                self.cookies[key] = content
        return answer, body

    def api(self, method, path, document=None):
        body = None if document is None else json.dumps(document)
        answer, body = self.ask(method, f"/api/v1{path}", body, "application/json")
        if answer.status >= 300:
            raise measure.Failed(f"{method} {path}: {answer.status} {body[:300]!r}")
        return json.loads(body or b"null")

    def upload(self, path, name, content):
        """Sends a file; returns the answer and the moment the last byte of it had left."""
        headers = {"x-file-name": quote(name)}
        self.send("POST", f"/api/v1{path}", content, "application/octet-stream", headers.items())
        left = time.perf_counter()
        answer, body = self.answer()
        if answer.status >= 300:
            raise measure.Failed(f"POST {path}: {answer.status} {body[:300]!r}")
        return json.loads(body), left


def wait_for(look, what):
    """Asks until the answer is one."""
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE_S:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise measure.Failed(f"{what} did not come within {PATIENCE_S} s")


def take_over(house, person, slug, n_submissions):
    """Somebody who has joined takes the place of a made-up person, in a team that has sent about so many files."""
    house.sql(
        f"""
        set session_replication_role = replica;
        create temp table taken as
            select s.competition_id, s.team_id
            from submissions s join competitions c on c.id = s.competition_id and c.slug = '{slug}'
            group by 1, 2 order by abs(count(*) - {n_submissions}), 2 limit 1;
        delete from team_members m using users u, taken t
            where u.id = m.user_id and u.username = '{person.name}' and m.competition_id = t.competition_id;
        update team_members m set user_id = u.id from users u, taken t
            where u.username = '{person.name}' and m.team_id = t.team_id and m.is_leader;
        """
    )
