"""What whole competitions come to, worked out from a journal of what people did and the files they sent.

Reads one JSON document from stdin, writes one to stdout. Written from the rules alone, and exact: scores
and means of ranks are fractions, so that nothing is equal or in order by rounding. No board, medal or
score of the platform is read.
"""

import csv
import io
import json
import math
import sys
from collections import Counter, defaultdict
from datetime import datetime
from fractions import Fraction

PUBLIC, PRIVATE = "Public", "Private"


# Metrics: an exact value that orders, how it is shown, and whether more is better.

def mean(values):
    return sum(values, Fraction(0)) / len(values)


def errors(pairs):
    return [Fraction(truth) - Fraction(said) for truth, said in pairs]


def accuracy(pairs):
    return Fraction(sum(truth == said for truth, said in pairs), len(pairs))


def mae(pairs):
    return mean([abs(error) for error in errors(pairs)])


def max_error(pairs):
    return max(abs(error) for error in errors(pairs))


def mean_square(pairs):
    return mean([error * error for error in errors(pairs)])


def r2(pairs):
    truths = [Fraction(truth) for truth, _ in pairs]
    middle = mean(truths)
    return 1 - mean_square(pairs) / mean([(truth - middle) ** 2 for truth in truths])


METRICS = {
    "accuracy": (accuracy, float, True),
    "mae": (mae, float, False),
    "max_error": (max_error, float, False),
    "r2": (r2, float, True),
    "rmse": (mean_square, lambda square: math.sqrt(square), False),
}


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Team:
    def __init__(self, founder):
        self.members = [founder]  # the leader first
        self.chosen = set()
        self.is_barred = False


class Submission:
    def __init__(self, event, team, is_late):
        self.id, self.at, self.sender, self.file = event["id"], event["at"], event["person"], event["file"]
        self.when = moment(self.at)
        self.team, self.is_late = team, is_late
        self.is_judged = self.is_barred = False


class Competition:
    def __init__(self, facts):
        self.facts = facts
        self.starts, self.ends = moment(facts["starts_at"]), moment(facts["ends_at"])
        self.merger_deadline = moment(facts["merger_deadline_at"])
        self.parts = [(part["metric"], Fraction(part["weight"])) for part in facts["metrics"]]
        self.solutions = [{row["id"]: row for row in table(text)} for text in facts["solutions"]]
        self.active = 0
        self.team_of, self.teams, self.submissions = {}, [], {}
        self.values, self.looks, self.disagreements = {}, [], []

    def play(self):
        for event in self.facts["journal"]:
            self.now = moment(event["at"])
            outcome = getattr(self, event["what"])(event)
            if outcome is not None and outcome != event["accepted"]:
                self.disagreements.append({**event, "file": None})
        return self

    # What people do. Each says whether the rules allow it.

    def joined(self, event):
        team = Team(event["person"])
        self.team_of[event["person"]] = team
        self.teams.append(team)
        return True

    def sent(self, event):
        team = self.team_of[event["person"]]
        today = [s for s in self.counted(team) if s.when.date() == self.now.date()]
        if event["accepted"]:
            self.submissions[event["id"]] = Submission(event, team, self.now >= self.ends)
        return len(today) < self.facts["daily_limit"]

    def judged(self, event):
        for submission in self.submissions.values():
            submission.is_judged = True

    def came(self, event):
        """Somebody, alone in a team, accepts an invitation."""
        gone, kept = self.team_of[event["person"]], self.team_of[event["to"]]
        return self.unite(kept, gone, len(gone.members) == 1)

    def merged(self, event):
        return self.unite(self.team_of[event["person"]], self.team_of[event["other"]], True)

    def unite(self, kept, gone, may):
        n_days = (self.now.date() - self.starts.date()).days + 1
        may = (
            may
            and kept is not gone
            and self.now < self.merger_deadline
            and self.now < self.ends
            and not kept.is_barred
            and not gone.is_barred
            and len(kept.members) + len(gone.members) <= self.facts["team_limit"]
            and len(self.counted(kept)) + len(self.counted(gone)) <= n_days * self.facts["daily_limit"]
        )
        if not may:
            return False
        for submission in self.sent_by(gone):
            submission.team = kept
        for person in gone.members:
            self.team_of[person] = kept
        kept.members += gone.members
        self.teams.remove(gone)
        # Where the two had chosen more than one team may, the best by public score stay.
        chosen = [self.submissions[number] for number in kept.chosen | gone.chosen]
        chosen.sort(key=lambda submission: self.order(submission, PUBLIC))
        kept.chosen = {submission.id for submission in chosen[: self.facts["final_limit"]]}
        return True

    def left(self, event):
        person = event["person"]
        team = self.team_of[person]
        if team.members[0] == person or self.sent_by(team) or self.now >= self.ends:
            return False
        team.members.remove(person)
        return self.joined(event)

    def chose(self, event):
        team = self.team_of[event["person"]]
        chosen = (team.chosen - set(event["shown"])) | set(event["chosen"])
        may = (
            self.now < self.ends
            and len(chosen) <= self.facts["final_limit"]
            and all(self.is_ranked(self.submissions[number], team) for number in event["chosen"])
        )
        if may:
            team.chosen = chosen
        return may

    def disqualified(self, event):
        self.target(event).is_barred = True

    def reinstated(self, event):
        self.target(event).is_barred = False

    def target(self, event):
        return self.submissions[event["id"]] if "id" in event else self.team_of[event["person"]]

    def published(self, event):
        self.active = event["solution"]

    def looked(self, event):
        self.looks.append(self.public_board())

    # What follows from it.

    def sent_by(self, team):
        return [submission for submission in self.submissions.values() if submission.team is team]

    def counted(self, team):
        """What was not found to be wrong."""
        return [s for s in self.sent_by(team) if not (s.is_judged and self.is_wrong(s))]

    def value(self, submission, side):
        """The exact value under each metric; none for a file that does not fit the solution."""
        asked = (submission.id, self.active, side)
        if asked not in self.values:
            solution = self.solutions[self.active]
            rows = table(submission.file)
            said = {row["id"]: row["target"] for row in rows}
            fits = said.keys() == solution.keys() and len(rows) == len(solution)
            rows = [row for row in solution.values() if row["Usage"] == side]
            pairs = [(row["target"], said[row["id"]]) for row in rows] if fits else None
            self.values[asked] = pairs and [METRICS[name][0](pairs) for name, _ in self.parts]
        return self.values[asked]

    def is_wrong(self, submission):
        return self.value(submission, PUBLIC) is None

    def is_ranked(self, submission, team):
        return submission.team is team and not submission.is_late and not self.is_wrong(submission)

    def key(self, part, value):
        return -value if METRICS[self.parts[part][0]][2] else value

    def order(self, submission, side):
        """The better score, then the earlier submission."""
        return self.key(0, self.value(submission, side)[0]), submission.when, submission.id

    def entries(self, team):
        """The team's on the boards, the best public one first."""
        own = [s for s in self.sent_by(team) if self.is_ranked(s, team) and s.is_judged and not s.is_barred]
        return [] if team.is_barred else sorted(own, key=lambda submission: self.order(submission, PUBLIC))

    def board(self, counting, side):
        """Places of each team's counting submission, best first."""
        ranks = []
        for part in range(len(self.parts)):
            keys = {id(s): self.key(part, self.value(s, side)[part]) for s in counting}
            n_equal, better, rank = Counter(keys.values()), 0, {}
            for key in sorted(n_equal):
                rank[key] = better + Fraction(n_equal[key] + 1, 2)
                better += n_equal[key]
            ranks.append({who: rank[key] for who, key in keys.items()})
        weights = [weight for _, weight in self.parts]
        places = []
        for submission in counting:
            own = [rank[id(submission)] for rank in ranks]
            weighed = sum(rank * weight for rank, weight in zip(own, weights)) / sum(weights)
            # Of one metric, equal scores are no equal ranks: the order itself decides.
            first = weighed if len(self.parts) > 1 else 0
            places.append(((first, *self.order(submission, side)), submission, own, weighed))
        return sorted(places, key=lambda place: place[0])

    def rows(self, counting, side):
        listed = []
        for rank, (_, submission, ranks, weighed) in enumerate(self.board(counting, side), 1):
            values = self.value(submission, side)
            entries = self.entries(submission.team)
            row = {
                "rank": rank,
                "members": sorted(submission.team.members),
                "submission": submission.id,
                "score": METRICS[self.parts[0][0]][1](values[0]),
                "n_entries": len(entries),
                "last_entry_at": max(entries, key=lambda entry: entry.when).at,
            }
            if len(self.parts) > 1:
                row["mean_rank"] = float(weighed)
                row["parts"] = [
                    {"metric": name, "score": METRICS[name][1](value), "rank": float(own)}
                    for (name, _), value, own in zip(self.parts, values, ranks)
                ]
            listed.append(row)
        return listed

    def public_board(self):
        best = [self.entries(team)[0] for team in self.teams if self.entries(team)]
        return self.rows(best, PUBLIC)

    def final_board(self):
        counting = []
        for team in self.teams:
            entries = self.entries(team)
            stand_ins = entries[: self.facts["final_limit"]]
            # Chosen is chosen: what a host disqualified of it has no stand-in.
            own = [s for s in entries if s.id in team.chosen] if team.chosen else stand_ins
            counting += sorted(own, key=lambda submission: self.order(submission, PRIVATE))[:1]
        rows = self.rows(counting, PRIVATE)
        public = {place[1].id: rank for rank, place in enumerate(self.board(counting, PUBLIC), 1)}
        for row in rows:
            row["change"] = public[row["submission"]] - row["rank"]
        return rows


def medal(rank, n):
    percent = lambda share: n * share // 100
    if n < 100:
        last = percent(10), percent(20), percent(40)
    elif n < 250:
        last = 10, percent(20), percent(40)
    elif n < 1000:
        last = 10 + n * 2 // 1000, 50, 100
    else:
        last = 10 + n * 2 // 1000, percent(5), percent(10)
    return next((name for name, reach in zip(("gold", "silver", "bronze"), last) if rank <= reach), None)


def tier(medals, has_scored):
    gold, silver, bronze = medals["gold"], medals["silver"], medals["bronze"]
    if gold >= 5 and medals["solo"] >= 1:
        return "grandmaster"
    if gold >= 1 and gold + silver >= 3:
        return "master"
    if gold + silver + bronze >= 2:
        return "expert"
    return "contributor" if has_scored else "novice"


def records(played, now):
    """Medals, points and tier of everybody."""
    medals, points = defaultdict(Counter), defaultdict(float)
    for competition, final in played:
        days = (now - competition.ends).days
        for row in final:
            size, n = len(row["members"]), len(final)
            won = medal(row["rank"], n)
            worth = 100000 / math.sqrt(size) * row["rank"] ** -0.75 * math.log10(1 + math.log10(n))
            for person in row["members"]:
                points[person] += worth * math.exp(-days / 500)
                medals[person][won] += 1
                medals[person]["solo"] += won == "gold" and size == 1
    scored = {s.sender for c, _ in played for s in c.submissions.values() if not c.is_wrong(s)}
    return {
        person: {
            **{kind: medals[person][kind] for kind in ("gold", "silver", "bronze")},
            "points": points[person],
            "tier": tier(medals[person], person in scored),
        }
        for competition, _ in played
        for person in competition.team_of
    }


def main():
    facts = json.load(sys.stdin)
    competitions = [Competition(each).play() for each in facts["competitions"]]
    played = [(competition, competition.final_board()) for competition in competitions]
    reckoned = [
        {
            "slug": competition.facts["slug"],
            "disagreements": competition.disagreements,
            "looks": competition.looks,
            "final": final,
            "rejected": sorted(s.id for s in competition.submissions.values() if competition.is_wrong(s)),
            "late": sorted(s.id for s in competition.submissions.values() if s.is_late),
            "chosen": sorted(number for team in competition.teams for number in team.chosen),
        }
        for competition, final in played
    ]
    json.dump({"competitions": reckoned, "people": records(played, moment(facts["now"]))}, sys.stdout)


main()
