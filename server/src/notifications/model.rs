//! What somebody is told, and when by mail. Pure.

use chrono::{DateTime, Days, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{ForumId, PostId, SubjectId, UserId};
use crate::paths;

/// Of the day in UTC.
const DIGEST_HOUR: u32 = 7;

/// What can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A topic, or whatever else is discussed.
    Subject(SubjectId),
    /// The new topics of a forum.
    Forum(ForumId),
    /// What a person writes.
    Person(UserId),
}

impl Target {
    /// As the three columns of `follows`, of which one is filled.
    pub fn columns(self) -> (Option<i64>, Option<i64>, Option<i64>) {
        match self {
            Self::Subject(id) => (Some(id.0), None, None),
            Self::Forum(id) => (None, Some(id.0), None),
            Self::Person(id) => (None, None, Some(id.0)),
        }
    }
}

/// When letters are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum MailChoice {
    Immediately,
    #[default]
    Daily,
    Never,
}

impl MailChoice {
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Immediately, "At once"), (Self::Daily, "Once a day, all together"), (Self::Never, "Never")];

    /// As it is written in forms and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Immediately => "immediately",
            Self::Daily => "daily",
            Self::Never => "never",
        }
    }

    /// When what is told now goes out by mail.
    pub fn due_at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Immediately => Some(now),
            Self::Daily => Some(next_digest(now)),
            Self::Never => None,
        }
    }
}

/// When the next daily letter goes out.
pub fn next_digest(now: DateTime<Utc>) -> DateTime<Utc> {
    let hour = NaiveTime::from_hms_opt(DIGEST_HOUR, 0, 0).unwrap_or_default();
    let today = now.date_naive().and_time(hour).and_utc();
    if now < today { today } else { today.checked_add_days(Days::new(1)).unwrap_or(today) }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = NotificationEvent)]
pub enum Event {
    Posted,
    /// A reply was marked as the answer.
    Accepted,
    /// A moderator hid a text.
    Hidden,
    /// A moderator has a word about a text.
    Warned,
    /// Something happened to a team, or somebody is invited into one.
    Team,
    /// A competition ends in three days: what counts as things stand.
    EndsSoon,
    /// As `ends_soon`, a day before the end.
    EndsTomorrow,
    /// Hosts announced something to everybody who takes part.
    Announced,
    /// A time of a competition moved, or its data changed.
    Changed,
    /// The site was disturbed, and hosts are asked whether the end should move out by as much.
    Outage,
    /// A host invites into a competition.
    Invited,
    /// The final board stands: the team's rank and medal.
    Ended,
    /// The same, for hosts: what they can do next.
    ToClose,
    /// The final board changed, and with it the team's rank or medal.
    OutcomeChanged,
    /// Every submission has another score, under another scoring version.
    Rescored,
}

impl Event {
    /// Whether its words are the whole message: a sentence, and below it what is quoted.
    fn has_own_words(self) -> bool {
        match self {
            Self::Posted | Self::Accepted | Self::Hidden | Self::Warned | Self::Invited => false,
            Self::Team
            | Self::EndsSoon
            | Self::EndsTomorrow
            | Self::Announced
            | Self::Changed
            | Self::Outage
            | Self::Ended
            | Self::ToClose
            | Self::OutcomeChanged
            | Self::Rescored => true,
        }
    }
}

/// Why somebody is told: the first that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = NotificationReason)]
pub enum Reason {
    Mention,
    /// It answers what they wrote.
    Reply,
    /// They follow what it is written under.
    Subject,
    /// They follow its author.
    Person,
    /// They follow the forum.
    Forum,
    /// It is about what they wrote.
    Own,
    /// It is about their team, or one that invites them.
    Team,
    /// It is told to everybody who takes part.
    TakingPart,
    /// They host the competition.
    Hosting,
    /// They are invited.
    Invited,
}

/// Something that somebody is told.
#[derive(Debug, Clone)]
pub struct Notification {
    pub id: i64,
    pub event: Event,
    pub reason: Reason,
    /// `None` where it is about a competition.
    pub subject_id: Option<SubjectId>,
    pub is_post: bool,
    /// Empty where it is about a text.
    pub competition_slug: String,
    /// Empty for a moderator, who is not named.
    pub actor: String,
    /// Of the topic, notebook or competition.
    pub title: String,
    /// The beginning of the post.
    pub excerpt: String,
    /// Of a moderator; or the whole sentence of what is not about a text.
    pub words: String,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
    /// Of the notebook that it is about, its author's user name and its own.
    pub owner: Option<String>,
    pub slug: Option<String>,
}

impl Notification {
    pub fn sample() -> Self {
        Self {
            id: 1,
            event: Event::Posted,
            reason: Reason::Mention,
            subject_id: Some(SubjectId(2)),
            is_post: true,
            competition_slug: String::new(),
            actor: "Ada Lovelace".to_owned(),
            title: "Why does it jump?".to_owned(),
            excerpt: "It is the noise.".to_owned(),
            words: "Please stay with the question.".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            read_at: None,
            owner: None,
            slug: None,
        }
    }

    /// In one sentence.
    pub fn sentence(&self) -> String {
        let place = match self.title.as_str() {
            "" => "a comment".to_owned(),
            title => format!("\u{201c}{title}\u{201d}"),
        };
        let actor = &self.actor;
        match (self.event, self.reason) {
            (event, _) if event.has_own_words() => self.words.lines().next().unwrap_or_default().to_owned(),
            (Event::Invited, _) => format!("You are invited to {place}"),
            (Event::Accepted, _) => format!("{actor} marked your reply in {place} as the answer"),
            (Event::Hidden, _) if !self.is_post => format!("A moderator hid your notebook {place}"),
            (Event::Warned, _) if !self.is_post => {
                format!("A moderator has left a message about your notebook {place}")
            }
            (Event::Hidden, _) => format!("A moderator hid what you wrote in {place}"),
            (Event::Warned, _) => format!("A moderator has left a message about what you wrote in {place}"),
            (Event::Posted, Reason::Mention) => format!("{actor} mentioned you in {place}"),
            (Event::Posted, Reason::Reply) => format!("{actor} answered you in {place}"),
            (Event::Posted, Reason::Forum) => format!("{actor} opened {place}"),
            (_, _) => format!("{actor} wrote in {place}"),
        }
    }

    /// What is quoted below the sentence; empty where nothing is.
    pub fn quoted(&self) -> &str {
        match self.event {
            event if event.has_own_words() => self.words.split_once('\n').map_or("", |(_, rest)| rest),
            _ if self.words.is_empty() => &self.excerpt,
            _ => &self.words,
        }
    }

    /// Where it can be read.
    pub fn address(&self) -> String {
        let place = Place {
            event: self.event,
            subject_id: self.subject_id,
            owner: self.owner.clone(),
            slug: self.slug.clone(),
            competition_slug: self.competition_slug.clone(),
        };
        place.address()
    }
}

/// What a notification is about: a team of a competition, or all of it, a notebook, or a post.
#[derive(Debug, Clone)]
pub struct Place {
    pub event: Event,
    /// `None` where it is about a competition.
    pub subject_id: Option<SubjectId>,
    /// Of a notebook, its author's user name and its own.
    pub owner: Option<String>,
    pub slug: Option<String>,
    /// Empty where it is about a text.
    pub competition_slug: String,
}

impl Place {
    pub fn address(&self) -> String {
        match (self.subject_id, self.owner.as_deref().zip(self.slug.as_deref())) {
            (None, _) => self.address_in_competition(),
            (Some(_), Some((owner, slug))) => paths::notebook(owner, slug),
            (Some(id), None) => format!("{}#post-{id}", paths::post(PostId(id.0))),
        }
    }

    fn address_in_competition(&self) -> String {
        let slug = &self.competition_slug;
        match self.event {
            Event::Team => paths::team(slug),
            Event::Invited => paths::competition(slug),
            Event::Announced => paths::announcements(slug),
            Event::Changed => paths::changes(slug),
            Event::Outage => paths::host_extensions(slug),
            Event::Ended | Event::OutcomeChanged => paths::board(slug),
            Event::ToClose => paths::host_closing(slug),
            Event::Rescored => paths::versions(slug),
            Event::EndsSoon
            | Event::EndsTomorrow
            | Event::Posted
            | Event::Accepted
            | Event::Hidden
            | Event::Warned => paths::submissions_final(slug),
        }
    }
}

/// Something that a person follows.
#[derive(Debug, Clone)]
pub struct Follow {
    pub id: i64,
    /// What it is: a topic, a notebook, a forum, a person.
    pub kind: &'static str,
    pub words: String,
    pub address: String,
    pub followed_at: DateTime<Utc>,
}

impl Follow {
    pub fn sample() -> Self {
        Self {
            id: 1,
            kind: "topic",
            words: "Why does it jump?".to_owned(),
            address: "/topics/1".to_owned(),
            followed_at: DateTime::UNIX_EPOCH,
        }
    }

    /// Where following begins and ends.
    pub fn follow_address(&self) -> String {
        format!("{}/follow", self.address)
    }
}

/// Something that a person shared whom the reader follows.
#[derive(Debug, Clone)]
pub struct Written {
    pub what: Work,
    /// Of the topic or notebook.
    pub title: String,
    pub author: String,
    pub written_at: DateTime<Utc>,
}

/// What somebody wrote.
#[derive(Debug, Clone)]
pub enum Work {
    Topic(PostId),
    Post(PostId),
    /// By its address.
    Notebook(String),
}

impl Written {
    pub fn samples() -> Vec<Self> {
        let works =
            [Work::Topic(PostId(2)), Work::Post(PostId(3)), Work::Notebook(paths::notebook("ada", "a"))];
        let written = |what| Self {
            what,
            title: "Why does it jump?".to_owned(),
            author: "Ada Lovelace".to_owned(),
            written_at: DateTime::UNIX_EPOCH,
        };
        works.map(written).into()
    }

    /// In one sentence.
    pub fn sentence(&self) -> String {
        let did = match self.what {
            Work::Topic(_) => "opened",
            Work::Post(_) => "wrote in",
            Work::Notebook(_) => "shared",
        };
        format!("{} {did} \u{201c}{}\u{201d}", self.author, self.title)
    }

    pub fn address(&self) -> String {
        match &self.what {
            Work::Topic(post) | Work::Post(post) => format!("{}#post-{post}", paths::post(*post)),
            Work::Notebook(address) => address.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_goes_out_at_seven() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(next_digest(at("2026-11-25T06:59:00Z")), at("2026-11-25T07:00:00Z"));
        assert_eq!(next_digest(at("2026-11-25T07:00:00Z")), at("2026-11-26T07:00:00Z"));
        assert_eq!(next_digest(at("2026-12-31T23:00:00Z")), at("2027-01-01T07:00:00Z"));
    }

    #[test]
    fn every_event_has_its_sentence() {
        let told = |event, reason| Notification { event, reason, ..Notification::sample() }.sentence();
        assert!(told(Event::Posted, Reason::Mention).contains("mentioned you"));
        assert!(told(Event::Accepted, Reason::Own).contains("as the answer"));
        assert!(!told(Event::Hidden, Reason::Own).contains("Ada"), "moderators are not named");
        let of_team = Notification {
            event: Event::Team,
            subject_id: None,
            competition_slug: "houses".to_owned(),
            words: "Ada joined your team".to_owned(),
            ..Notification::sample()
        };
        assert_eq!((of_team.sentence().as_str(), of_team.quoted()), ("Ada joined your team", ""));
        assert_eq!(of_team.address(), "/c/houses/team");
        let announced = Notification {
            event: Event::Announced,
            words: "Houses: One more week\nThe end moves.".to_owned(),
            ..of_team
        };
        assert_eq!(
            (announced.sentence().as_str(), announced.quoted()),
            ("Houses: One more week", "The end moves.")
        );
        assert_eq!(announced.address(), "/c/houses/announcements");
        let addressed = |event| Notification { event, ..announced.clone() }.address();
        assert_eq!(addressed(Event::Ended), "/c/houses/leaderboard");
        assert_eq!(addressed(Event::OutcomeChanged), "/c/houses/leaderboard");
        assert_eq!(addressed(Event::ToClose), "/c/houses/host/closing");
        assert_eq!(addressed(Event::Rescored), "/c/houses/versions");
    }
}
