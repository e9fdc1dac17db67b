//! A team as its members see it, and what the rules say about two that want to be one. Pure.

use chrono::{DateTime, Utc};

use crate::conduct::model::Barred;
use crate::ids::{MergeRequestId, TeamId, TeamInvitationId, UserId};
use crate::web::format;

/// Longest name of a team, in characters.
pub const NAME_LIMIT: usize = 60;

/// A member of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mate {
    pub user_id: UserId,
    pub username: String,
    pub display_name: String,
    pub is_leader: bool,
    /// The team, not the competition.
    pub joined_at: DateTime<Utc>,
}

/// An invitation that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: TeamInvitationId,
    pub team_id: TeamId,
    pub team: String,
    /// Who is invited.
    pub username: String,
    pub display_name: String,
    /// Who invites.
    pub inviter: String,
    pub invited_at: DateTime<Utc>,
}

/// One team asks another to become part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRequest {
    pub id: MergeRequestId,
    pub from_team_id: TeamId,
    pub from_team: String,
    pub to_team_id: TeamId,
    pub to_team: String,
    pub asked_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = TeamEventKind)]
pub enum Kind {
    Renamed,
    Invited,
    InvitationWithdrawn,
    InvitationDeclined,
    Joined,
    Left,
    HandedOver,
    MergeAsked,
    MergeWithdrawn,
    MergeDeclined,
    Merged,
    Disqualified,
    Reinstated,
}

/// Something that happened to a team, or to one that is part of it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub kind: Kind,
    /// The team as it is called now.
    pub team: String,
    pub actor: String,
    /// Who was invited, or leads from then on.
    pub person: String,
    /// Names of teams as they were then.
    pub words: String,
}

impl Happening {
    pub fn sentence(&self) -> String {
        let Self { actor, person, words, team, .. } = self;
        match self.kind {
            Kind::Renamed => format!("{actor} renamed the team from {words}"),
            Kind::Invited => format!("{actor} invited {person}"),
            Kind::InvitationWithdrawn => format!("{actor} took back the invitation of {person}"),
            Kind::InvitationDeclined => format!("{actor} declined the invitation to {team}"),
            Kind::Joined => format!("{actor} joined {team}"),
            Kind::Left => format!("{actor} left {team}"),
            Kind::HandedOver => format!("{actor} handed the leadership of {team} to {person}"),
            Kind::MergeAsked => format!("{actor} asked {words} to merge with {team}"),
            Kind::MergeWithdrawn => format!("{actor} took back the request to {words}"),
            Kind::MergeDeclined => format!("{actor} declined to merge with {words}"),
            Kind::Disqualified => format!("{actor} disqualified {words}"),
            Kind::Reinstated => format!("{actor} reinstated {words}"),
            Kind::Merged => format!("{actor} accepted: {words} became part of {team}"),
        }
    }
}

/// A team with everything that its members may see of it.
#[derive(Debug, Clone)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    /// The leader first.
    pub mates: Vec<Mate>,
    pub invitations: Vec<Invitation>,
    pub requests: Vec<MergeRequest>,
    /// The secret of the link by which people join; for the leader alone.
    pub link: Option<String>,
    /// Newest first.
    pub history: Vec<Happening>,
    /// Submissions that were neither rejected nor failed.
    pub n_counted: i64,
    /// Whether anything was ever sent.
    pub has_sent: bool,
    /// Where it is disqualified.
    pub barred: Option<Barred>,
}

impl Team {
    pub fn leader(&self) -> Option<&Mate> {
        self.mates.iter().find(|mate| mate.is_leader)
    }

    pub fn is_led_by(&self, user: UserId) -> bool {
        self.leader().is_some_and(|leader| leader.user_id == user)
    }

    pub fn sample() -> Self {
        let at = DateTime::UNIX_EPOCH;
        let mate = |id, name: &str, is_leader| Mate {
            user_id: UserId(id),
            username: name.to_lowercase(),
            display_name: name.to_owned(),
            is_leader,
            joined_at: at,
        };
        Self {
            id: TeamId(1),
            name: "Difference Engine".to_owned(),
            mates: vec![mate(1, "Ada", true), mate(2, "Charles", false)],
            invitations: vec![Invitation::sample()],
            requests: vec![
                MergeRequest::sample(TeamId(1), TeamId(2)),
                MergeRequest::sample(TeamId(3), TeamId(1)),
            ],
            link: Some("0123456789abcdef0123".to_owned()),
            history: vec![Happening {
                id: 1,
                at,
                kind: Kind::Renamed,
                team: "Difference Engine".to_owned(),
                actor: "Ada".to_owned(),
                person: String::new(),
                words: "“Ada” to “Difference Engine”".to_owned(),
            }],
            n_counted: 3,
            has_sent: true,
            barred: Some(Barred::sample()),
        }
    }
}

impl Invitation {
    pub fn sample() -> Self {
        Self {
            id: TeamInvitationId(1),
            team_id: TeamId(1),
            team: "Difference Engine".to_owned(),
            username: "mary".to_owned(),
            display_name: "Mary Somerville".to_owned(),
            inviter: "Ada Lovelace".to_owned(),
            invited_at: DateTime::UNIX_EPOCH,
        }
    }
}

impl MergeRequest {
    fn sample(from: TeamId, to: TeamId) -> Self {
        Self {
            id: MergeRequestId(from.0),
            from_team_id: from,
            from_team: format!("Team {from}"),
            to_team_id: to,
            to_team: format!("Team {to}"),
            asked_at: DateTime::UNIX_EPOCH,
        }
    }
}

/// What binds teams in a competition, read under its lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub starts_at: Option<DateTime<Utc>>,
    pub merger_deadline_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub settled_at: Option<DateTime<Utc>>,
    pub team_limit: i32,
    pub daily_limit: i32,
    pub total_limit: Option<i32>,
    /// Where it is not, a count of entries beside a team's name would tell its row.
    pub is_board_open: bool,
}

impl Terms {
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.settled_at.is_some() || self.ends_at.is_none_or(|end| now >= end)
    }

    /// Days in UTC on which submissions could be sent so far, today among them.
    fn n_days(&self, now: DateTime<Utc>) -> i64 {
        let first_day = self.starts_at.map_or(now, |start| start.min(now)).date_naive();
        (now.date_naive() - first_day).num_days() + 1
    }

    /// What one team could have sent by now, day for day.
    fn most_by(&self, now: DateTime<Utc>) -> i64 {
        self.n_days(now) * i64::from(self.daily_limit)
    }

    /// Why no teams become one any more; `None` while they can.
    pub fn is_too_late(&self, now: DateTime<Utc>) -> Option<String> {
        if self.is_over(now) {
            return Some("The competition is over: teams can no longer be changed.".to_owned());
        }
        self.merger_deadline_at.filter(|deadline| now >= *deadline).map(|deadline| {
            format!(
                "The deadline to merge or join a team was {}: teams can no longer be changed.",
                format::time(&deadline)
            )
        })
    }
}

/// What the rules ask about each of two teams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    pub n_people: i64,
    /// Submissions that were neither rejected nor failed.
    pub n_counted: i64,
    pub is_baseline: bool,
    /// The host disqualified it.
    pub is_barred: bool,
}

/// Why two teams cannot become one; `None` when they can.
pub fn refusal(one: Side, other: Side, terms: &Terms, now: DateTime<Utc>) -> Option<String> {
    if let Some(sentence) = terms.is_too_late(now) {
        return Some(sentence);
    }
    if one.is_baseline || other.is_baseline {
        return Some("The host's baselines cannot merge with a team.".to_owned());
    }
    if one.is_barred || other.is_barred {
        return Some("A disqualified team cannot merge.".to_owned());
    }
    let n_people = one.n_people + other.n_people;
    if n_people > i64::from(terms.team_limit) {
        return Some(format!(
            "Together you would be {n_people} people; a team here has at most {}.",
            terms.team_limit
        ));
    }
    let (n_sent, most) = (one.n_counted + other.n_counted, terms.most_by(now));
    if !terms.is_board_open && n_sent > terms.total_limit.map_or(most, |total| most.min(total.into())) {
        return Some("Together you sent more submissions than one team could have sent by now.".to_owned());
    }
    if let Some(total) = terms.total_limit.filter(|total| n_sent > i64::from(*total)) {
        return Some(format!(
            "Together you sent {n_sent} submissions, and a team may send {total} to this competition."
        ));
    }
    (n_sent > most).then(|| {
        let n_days = terms.n_days(now);
        let days = if n_days == 1 { "day" } else { "days" };
        format!(
            "Together you sent {n_sent} submissions, and one team could have sent {most} by now: {n_days} {days} of {}. \
             Each day at 00:00 UTC allows {} more.",
            terms.daily_limit,
            terms.daily_limit
        )
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn terms() -> Terms {
        let at = |days| Some(DateTime::UNIX_EPOCH + TimeDelta::days(days));
        Terms {
            starts_at: at(0),
            merger_deadline_at: at(20),
            ends_at: at(30),
            settled_at: None,
            team_limit: 5,
            daily_limit: 5,
            total_limit: None,
            is_board_open: true,
        }
    }

    fn side(n_people: i64, n_counted: i64) -> Side {
        Side { n_people, n_counted, is_baseline: false, is_barred: false }
    }

    fn after(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    #[test]
    fn teams_merge_up_to_what_one_could_have_sent() {
        let asked = |n, hours| refusal(side(1, n), side(1, 10), &terms(), after(hours));
        assert_eq!(asked(0, 25), None, "two days of five");
        assert!(asked(1, 25).is_some_and(|sentence| sentence.contains("11 submissions")));
        assert_eq!(asked(1, 48), None, "the third day has begun");
        assert_eq!(asked(5, 71), None);
        assert!(asked(6, 71).is_some());
    }

    #[test]
    fn teams_merge_within_the_total() {
        let bounded = Terms { total_limit: Some(12), ..terms() };
        let asked = |n| refusal(side(1, n), side(1, 10), &bounded, after(72));
        assert_eq!(asked(2), None);
        assert!(asked(3).is_some_and(|sentence| sentence.ends_with("may send 12 to this competition.")));
    }

    #[test]
    fn where_names_are_hidden_nobody_learns_how_much_a_team_sent() {
        let veiled = Terms { is_board_open: false, ..terms() };
        let sentence = refusal(side(1, 6), side(1, 10), &veiled, after(71)).expect("too many");
        assert!(!sentence.contains(|letter: char| letter.is_ascii_digit()), "{sentence}");
        assert_eq!(refusal(side(1, 5), side(1, 10), &veiled, after(71)), None);
    }

    #[test]
    fn before_the_start_people_may_find_each_other() {
        let early = DateTime::UNIX_EPOCH - TimeDelta::days(3);
        assert_eq!(refusal(side(1, 0), side(2, 0), &terms(), early), None);
    }

    #[test]
    fn size_and_deadline_hold() {
        let now = after(24);
        assert_eq!(refusal(side(2, 0), side(3, 0), &terms(), now), None);
        assert!(
            refusal(side(3, 0), side(3, 0), &terms(), now)
                .is_some_and(|sentence| sentence.contains("6 people"))
        );
        let baseline = Side { is_baseline: true, ..side(0, 1) };
        assert!(refusal(side(1, 0), baseline, &terms(), now).is_some());
        let deadline = after(20 * 24);
        assert_eq!(refusal(side(1, 0), side(1, 0), &terms(), deadline - TimeDelta::microseconds(1)), None);
        let late = refusal(side(1, 0), side(1, 0), &terms(), deadline);
        assert!(late.is_some_and(|sentence| sentence.contains("1970-01-21")));
        let over = Terms { settled_at: Some(now), ..terms() };
        assert!(
            refusal(side(1, 0), side(1, 0), &over, now).is_some_and(|sentence| sentence.contains("over"))
        );
    }
}
