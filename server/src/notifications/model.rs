//! What somebody is told, and when by mail. Pure.

use chrono::{DateTime, Days, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{ForumId, PostId, SubjectId, TopicId, UserId};
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
}

/// Something that somebody is told.
#[derive(Debug, Clone)]
pub struct Notification {
    pub id: i64,
    pub event: Event,
    pub reason: Reason,
    pub subject_id: SubjectId,
    pub is_post: bool,
    /// Empty for a moderator, who is not named.
    pub actor: String,
    /// Of the topic or notebook.
    pub title: String,
    /// The beginning of the post.
    pub excerpt: String,
    /// Of a moderator.
    pub words: String,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

impl Notification {
    pub fn sample() -> Self {
        Self {
            id: 1,
            event: Event::Posted,
            reason: Reason::Mention,
            subject_id: SubjectId(2),
            is_post: true,
            actor: "Ada Lovelace".to_owned(),
            title: "Why does it jump?".to_owned(),
            excerpt: "It is the noise.".to_owned(),
            words: "Please stay with the question.".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            read_at: None,
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
            (Event::Accepted, _) => format!("{actor} marked your reply in {place} as the answer"),
            (Event::Hidden, _) => format!("A moderator hid what you wrote in {place}"),
            (Event::Warned, _) => format!("A moderator has a word about what you wrote in {place}"),
            (Event::Posted, Reason::Mention) => format!("{actor} mentioned you in {place}"),
            (Event::Posted, Reason::Reply) => format!("{actor} answered you in {place}"),
            (Event::Posted, Reason::Forum) => format!("{actor} opened {place}"),
            (Event::Posted, _) => format!("{actor} wrote in {place}"),
        }
    }

    /// Where it can be read.
    pub fn address(&self) -> String {
        let id = self.subject_id;
        if self.is_post {
            format!("{}#post-{id}", paths::post(PostId(id.0)))
        } else {
            paths::topic(TopicId(id.0))
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

/// Something that a person wrote whom the reader follows.
#[derive(Debug, Clone)]
pub struct Written {
    pub post_id: PostId,
    pub is_opening: bool,
    /// Of the topic; empty for anything else.
    pub title: String,
    pub author: String,
    pub written_at: DateTime<Utc>,
}

impl Written {
    pub fn sample() -> Self {
        Self {
            post_id: PostId(2),
            is_opening: false,
            title: "Why does it jump?".to_owned(),
            author: "Ada Lovelace".to_owned(),
            written_at: DateTime::UNIX_EPOCH,
        }
    }

    /// In one sentence.
    pub fn sentence(&self) -> String {
        let Self { author, title, .. } = self;
        match (title.as_str(), self.is_opening) {
            ("", _) => format!("{author} wrote a comment"),
            (title, true) => format!("{author} opened \u{201c}{title}\u{201d}"),
            (title, false) => format!("{author} wrote in \u{201c}{title}\u{201d}"),
        }
    }

    pub fn address(&self) -> String {
        format!("{}#post-{}", paths::post(self.post_id), self.post_id)
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
    }
}
