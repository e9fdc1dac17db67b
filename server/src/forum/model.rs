//! What is discussed, and the rules for titles and texts. Pure.

use chrono::{DateTime, Utc};

use crate::ids::{CompetitionId, ForumId, PostId, SubjectId, TopicId, UserId};

/// Longest title of a topic, in characters.
pub const LONGEST_TITLE: usize = 150;
const SHORTEST_TITLE: usize = 3;
/// Longest text of a post, in characters of Markdown.
pub const LONGEST_TEXT: usize = 40_000;

/// What a subject is. The set is closed: whoever adds a kind says in [`super::subjects`] who may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    Topic,
    Post,
}

impl SubjectKind {
    /// As it is written in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Post => "post",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Topic, Self::Post].into_iter().find(|kind| kind.name() == name)
    }
}

/// Something that is discussed and voted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub id: SubjectId,
    pub kind: SubjectKind,
    /// Who may see that competition may see this; without one, everybody.
    pub competition_id: Option<CompetitionId>,
    pub author_id: UserId,
    pub created_at: DateTime<Utc>,
    /// By a moderator.
    pub hidden_at: Option<DateTime<Utc>>,
    /// By its author.
    pub deleted_at: Option<DateTime<Utc>>,
}

impl Subject {
    pub fn is_shown(&self) -> bool {
        self.hidden_at.is_none() && self.deleted_at.is_none()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forum {
    pub id: ForumId,
    /// `None` for those of the whole site.
    pub competition_id: Option<CompetitionId>,
    /// Empty for a competition's.
    pub slug: String,
    pub title: String,
    pub description: String,
    pub n_topics: i32,
}

/// What stands in a topic's own row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    pub id: TopicId,
    pub forum_id: ForumId,
    pub title: String,
    pub pinned_at: Option<DateTime<Utc>>,
    pub locked_at: Option<DateTime<Utc>>,
    pub accepted_post_id: Option<PostId>,
    pub n_replies: i32,
    pub n_votes: i32,
    pub active_at: DateTime<Utc>,
}

/// A vote of one person; taking it back is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Vote {
    Up,
    Down,
    None,
}

impl Vote {
    /// As it is counted; `None` where nothing is.
    pub fn value(self) -> Option<i16> {
        match self {
            Self::Up => Some(1),
            Self::Down => Some(-1),
            Self::None => None,
        }
    }

    pub fn of(value: Option<i16>) -> Self {
        match value {
            Some(1..) => Self::Up,
            Some(_) => Self::Down,
            None => Self::None,
        }
    }
}

/// A topic's title as it is stored.
///
/// # Errors
/// The sentence for its field.
pub fn title(typed: &str) -> Result<String, String> {
    let title = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    match title.chars().count() {
        ..SHORTEST_TITLE => Err("Say in a few words what this is about.".to_owned()),
        SHORTEST_TITLE..=LONGEST_TITLE if !title.chars().any(char::is_control) => Ok(title),
        _ => Err(format!("Use at most {LONGEST_TITLE} plain characters.")),
    }
}

/// A post's Markdown as it is stored.
///
/// # Errors
/// The sentence for its field.
pub fn text(typed: &str) -> Result<String, String> {
    let text = typed.replace("\r\n", "\n");
    let text = text.trim_end().trim_start_matches('\n');
    let length = text.chars().count();
    if text.trim().is_empty() {
        Err("Write something first.".to_owned())
    } else if length > LONGEST_TEXT {
        Err(format!("Use at most 40,000 characters; these are {length}."))
    } else if text.contains('\0') {
        Err("The text holds a character that no text may hold (U+0000).".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_one_line_of_some_words() {
        assert_eq!(title("  Why   does\nRMSE  jump? "), Ok("Why does RMSE jump?".to_owned()));
        assert!(title(" a ").is_err() && title("").is_err());
        assert!(title(&"ö".repeat(150)).is_ok() && title(&"ö".repeat(151)).is_err());
        assert!(title("bell \u{7} rings").is_err());
    }

    #[test]
    fn texts_keep_their_indentation_and_have_an_end() {
        assert_eq!(text("\r\n    code\r\nmore  \n\n"), Ok("    code\nmore".to_owned()));
        assert!(text(" \n ").is_err());
        assert!(text(&"x".repeat(40_001)).is_err());
        assert!(text("a\0b").is_err());
    }

    #[test]
    fn a_vote_is_what_its_number_says() {
        for vote in [Vote::Up, Vote::Down, Vote::None] {
            assert_eq!(Vote::of(vote.value()), vote);
        }
    }
}
