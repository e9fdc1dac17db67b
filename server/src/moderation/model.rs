//! Reports and what is decided about them. Pure.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{PostId, UserId};
use crate::paths;

const LONGEST_WORDS: usize = 1000;

/// Why something is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Complaint {
    Spam,
    Abuse,
    /// Private sharing, labels, or anything else that spoils a competition.
    Leak,
    OffTopic,
    Other,
}

impl Complaint {
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Spam, "It advertises something"),
        (Self::Abuse, "It insults or threatens someone"),
        (Self::Leak, "It breaks a competition's rules"),
        (Self::OffTopic, "It does not belong here"),
        (Self::Other, "Something else"),
    ];

    /// As it is written in forms and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Abuse => "abuse",
            Self::Leak => "leak",
            Self::OffTopic => "off_topic",
            Self::Other => "other",
        }
    }

    pub fn sentence(self) -> &'static str {
        Self::ALL.into_iter().find(|(complaint, _)| *complaint == self).map_or("", |(_, words)| words)
    }
}

/// What a moderator decides about a post or a notebook. Its open reports are closed by each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Moderators alone read it from now on.
    Hide,
    /// Everybody reads it again.
    Show,
    /// Its author is told what is wrong with it.
    Warn,
    /// Nothing is wrong with it.
    Dismiss,
}

/// What reporters and moderators say, as it is stored.
///
/// # Errors
/// The sentence for the field.
pub fn words(typed: &str) -> Result<String, String> {
    let words = typed.trim().replace("\r\n", "\n");
    let length = words.chars().count();
    if length > LONGEST_WORDS {
        Err(format!("Use at most 1,000 characters; these are {length}."))
    } else if words.contains('\0') {
        Err("The text holds a character that no text may hold (U+0000).".to_owned())
    } else {
        Ok(words)
    }
}

/// One report.
#[derive(Debug, Clone)]
pub struct Report {
    pub reporter: String,
    pub complaint: Complaint,
    pub words: String,
    pub reported_at: DateTime<Utc>,
}

/// What is reported and decided about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    Post(PostId),
    /// By its author's user name and its own.
    Notebook(String, String),
}

impl Thing {
    /// In a word.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Post(_) => "post",
            Self::Notebook(..) => "notebook",
        }
    }

    pub fn address(&self) -> String {
        match self {
            Self::Post(post) => format!("{}#post-{post}", paths::post(*post)),
            Self::Notebook(owner, slug) => paths::notebook(owner, slug),
        }
    }

    pub fn report_address(&self) -> String {
        match self {
            Self::Post(post) => paths::post_report(*post),
            Self::Notebook(owner, slug) => paths::notebook_part(owner, slug, "report"),
        }
    }

    pub fn moderate_address(&self) -> String {
        match self {
            Self::Post(post) => paths::post_moderate(*post),
            Self::Notebook(owner, slug) => paths::notebook_part(owner, slug, "moderate"),
        }
    }
}

/// A post or a notebook with its open reports.
#[derive(Debug, Clone)]
pub struct Case {
    /// Of its newest report: what the queue is read by.
    pub key: i64,
    pub thing: Thing,
    pub title: String,
    pub author_id: UserId,
    pub author: String,
    pub username: String,
    pub is_hidden: bool,
    pub is_deleted: bool,
    /// The beginning of the text.
    pub excerpt: String,
    pub reports: Vec<Report>,
}

impl Case {
    pub fn sample() -> Self {
        Self {
            key: 1,
            thing: Thing::Post(PostId(2)),
            title: "Why does it jump?".to_owned(),
            author_id: UserId(1),
            author: "Ada Lovelace".to_owned(),
            username: "ada".to_owned(),
            is_hidden: false,
            is_deleted: false,
            excerpt: "Buy my features.".to_owned(),
            reports: vec![Report {
                reporter: "Bob".to_owned(),
                complaint: Complaint::Spam,
                words: "Third time today.".to_owned(),
                reported_at: DateTime::UNIX_EPOCH,
            }],
        }
    }
}

/// A line of the moderators' log.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub moderator: String,
    pub action: String,
    pub competition: Option<String>,
    pub detail: serde_json::Value,
}

impl Entry {
    pub fn sample() -> Self {
        Self {
            id: 1,
            at: DateTime::UNIX_EPOCH,
            moderator: "Grace Hopper".to_owned(),
            action: "moderate_hide".to_owned(),
            competition: Some("houses".to_owned()),
            detail: serde_json::json!({"post": 2, "words": "Not here, please."}),
        }
    }

    /// What was done, in words.
    pub fn act(&self) -> String {
        self.action.trim_start_matches("moderate_").replace('_', " ")
    }

    /// What it was done to: `post 2, words: Not here, please.`
    pub fn about(&self) -> String {
        let Some(fields) = self.detail.as_object() else { return String::new() };
        let written = |(name, value): (&String, &serde_json::Value)| match value.as_str() {
            Some("") => None,
            None if value.as_i64() == Some(0) => None, // such as reports that were closed with it
            Some(text) => Some(format!("{}: {text}", name.replace('_', " "))),
            None => Some(format!("{} {value}", name.replace('_', " "))),
        };
        fields.iter().filter_map(written).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_a_sentence() {
        let entry = Entry::sample();
        assert_eq!(
            (entry.act().as_str(), entry.about().as_str()),
            ("hide", "post 2, words: Not here, please.")
        );
    }

    #[test]
    fn words_have_an_end() {
        assert_eq!(words("  a\r\nb "), Ok("a\nb".to_owned()));
        assert!(words(&"x".repeat(1001)).is_err() && words("a\0b").is_err());
    }
}
