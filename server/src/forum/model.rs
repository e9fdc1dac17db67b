//! What is discussed, and the rules for titles and texts. Pure.

use chrono::{DateTime, Utc};

use crate::accounts::model::initials;
use crate::ids::{CompetitionId, ForumId, PostId, SubjectId, TopicId, UserId};
use crate::invisible_characters::{refuse_controls, refuse_invisible};
use crate::paths;

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
    Notebook,
}

impl SubjectKind {
    /// As it is written in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Post => "post",
            Self::Notebook => "notebook",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Topic, Self::Post, Self::Notebook].into_iter().find(|kind| kind.name() == name)
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
    /// A moderator's words for the author; may be empty.
    pub hidden_because: String,
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

impl Forum {
    pub fn sample() -> Self {
        Self {
            id: ForumId(1),
            competition_id: None,
            slug: "general".to_owned(),
            title: "General".to_owned(),
            description: "Anything that does not belong elsewhere.".to_owned(),
            n_topics: 1,
        }
    }
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

impl Topic {
    pub fn address(&self) -> String {
        paths::topic(self.id)
    }

    pub fn sample() -> Self {
        Self {
            id: TopicId(1),
            forum_id: ForumId(1),
            title: "Why does it jump?".to_owned(),
            pinned_at: None,
            locked_at: None,
            accepted_post_id: Some(PostId(2)),
            n_replies: 1,
            n_votes: 3,
            active_at: DateTime::UNIX_EPOCH,
        }
    }
}

/// Who wrote something, as others see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: UserId,
    pub username: String,
    pub display_name: String,
    /// Of the competition that the text belongs to.
    pub is_host: bool,
}

impl Person {
    pub fn initials(&self) -> String {
        initials(&self.display_name)
    }

    pub fn sample() -> Self {
        Self {
            id: UserId(1),
            username: "ada".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
            is_host: true,
        }
    }
}

/// A post as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub id: PostId,
    pub under: SubjectId,
    /// The post that it answers.
    pub parent: Option<PostId>,
    /// The first post of its thread.
    pub root: PostId,
    pub is_opening: bool,
    pub author: Person,
    pub created_at: DateTime<Utc>,
    pub edited_at: Option<DateTime<Utc>>,
    pub hidden_at: Option<DateTime<Utc>>,
    /// A moderator's words for the author; may be empty.
    pub hidden_because: String,
    pub deleted_at: Option<DateTime<Utc>>,
    pub html: String,
    pub n_votes: i32,
    /// Of a thread's first post: answers in it.
    pub n_replies: i32,
}

impl Post {
    pub fn sample() -> Self {
        let at = DateTime::UNIX_EPOCH;
        Self {
            id: PostId(2),
            under: SubjectId(1),
            parent: None,
            root: PostId(2),
            is_opening: false,
            author: Person::sample(),
            created_at: at,
            edited_at: Some(at),
            hidden_at: None,
            hidden_because: String::new(),
            deleted_at: None,
            html: "<p>Some <em>text</em></p>".to_owned(),
            n_votes: 3,
            n_replies: 1,
        }
    }

    pub fn is_shown(&self) -> bool {
        self.hidden_at.is_none() && self.deleted_at.is_none()
    }

    /// Where it can be found for good.
    pub fn address(&self) -> String {
        paths::post(self.id)
    }

    /// Where moderators decide about it.
    pub fn moderate_address(&self) -> String {
        paths::post_moderate(self.id)
    }

    /// Of its thread.
    pub fn thread_address(&self) -> String {
        paths::post(self.root)
    }

    /// Where a topic's asker says that this is the answer.
    pub fn accept_address(&self) -> String {
        paths::topic_accept(TopicId(self.under.0))
    }
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
        SHORTEST_TITLE..=LONGEST_TITLE => refuse_invisible(&title).map(|()| title),
        _ => Err(format!("Use at most {LONGEST_TITLE} characters.")),
    }
}

/// A general forum's name in addresses.
///
/// # Errors
/// The sentence for its field.
pub fn forum_slug(typed: &str) -> Result<String, String> {
    let slug = typed.trim().to_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_shaped = (2..=40).contains(&slug.len())
        && slug.bytes().all(|byte| is_plain(byte) || byte == b'-')
        && slug.bytes().next().is_some_and(is_plain)
        && slug.bytes().last().is_some_and(is_plain);
    if is_shaped {
        Ok(slug)
    } else {
        Err("Use 2 to 40 letters (a to z), digits or hyphens, with a letter or digit at both ends."
            .to_owned())
    }
}

/// # Errors
/// The sentence for its field.
pub fn forum_title(typed: &str) -> Result<String, String> {
    let title = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    match title.chars().count() {
        1..=60 => refuse_invisible(&title).map(|()| title),
        _ => Err("Use 1 to 60 characters.".to_owned()),
    }
}

/// # Errors
/// The sentence for its field.
pub fn forum_description(typed: &str) -> Result<String, String> {
    let text = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.chars().count() {
        ..=200 => refuse_controls(&text).map(|()| text),
        _ => Err("Use at most 200 characters.".to_owned()),
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
