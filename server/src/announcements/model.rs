//! An announcement, and how many of them people bear. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::AppError;
use crate::ids::BulletinId;
use crate::web::format;

/// So many of one competition within [`WINDOW`].
pub const MOST: i64 = 3;
pub const WINDOW: TimeDelta = TimeDelta::hours(24);
/// In characters, as the schema has it.
pub const TITLE_LIMITS: (usize, usize) = (3, 150);
pub const TEXT_LIMIT: usize = 40_000;
pub const REASON_LIMIT: usize = 1000;
/// Of a text, in notifications and letters.
const EXCERPT_LENGTH: usize = 400;

/// What a host writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    pub title: String,
    /// Markdown.
    pub text: String,
}

impl Wish {
    /// Without space around it.
    ///
    /// # Errors
    /// [`AppError::Field`] for a title or text that cannot be kept.
    pub fn checked(&self) -> Result<Self, AppError> {
        let title = self.title.trim().to_owned();
        let (least, most) = TITLE_LIMITS;
        if !(least..=most).contains(&title.chars().count()) {
            return Err(AppError::field("title", format!("A title has {least} to {most} characters.")));
        }
        let text = self.text.replace("\r\n", "\n").trim().to_owned();
        if text.is_empty() {
            return Err(AppError::field("text", "Write something first."));
        }
        if text.chars().count() > TEXT_LIMIT {
            return Err(AppError::field("text", format!("At most {} characters.", format::count(40_000))));
        }
        Ok(Self { title, text })
    }
}

/// Why an announcement is withdrawn, as it may be kept.
///
/// # Errors
/// [`AppError::Field`]
pub fn reason(typed: &str) -> Result<String, AppError> {
    let reason = typed.trim();
    if !(1..=REASON_LIMIT).contains(&reason.chars().count()) {
        return Err(AppError::field(
            "reason",
            format!("Say why, in at most {REASON_LIMIT} characters; everyone can read it."),
        ));
    }
    Ok(reason.to_owned())
}

#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    pub id: BulletinId,
    pub title: String,
    pub markdown: String,
    pub html: String,
    /// Empty where the account is gone.
    pub posted_by: String,
    pub posted_at: DateTime<Utc>,
    /// When the text was last changed.
    pub corrected_at: Option<DateTime<Utc>>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    pub withdrawn_because: Option<String>,
}

impl Announcement {
    pub fn sample() -> Self {
        Self {
            id: BulletinId(1),
            title: "One more week".to_owned(),
            markdown: "The end *moves*.".to_owned(),
            html: "<p>The end <em>moves</em>.</p>".to_owned(),
            posted_by: "Host".to_owned(),
            posted_at: DateTime::UNIX_EPOCH,
            corrected_at: Some(DateTime::UNIX_EPOCH),
            withdrawn_at: None,
            withdrawn_because: None,
        }
    }

    pub fn sample_withdrawn() -> Self {
        Self {
            withdrawn_at: Some(DateTime::UNIX_EPOCH),
            withdrawn_because: Some("It was a mistake.".to_owned()),
            ..Self::sample()
        }
    }

    pub fn wish(&self) -> Wish {
        Wish { title: self.title.clone(), text: self.markdown.clone() }
    }
}

/// The first words of a text without its marks.
pub fn excerpt(plain: &str) -> String {
    match plain.char_indices().nth(EXCERPT_LENGTH) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain.to_owned(),
    }
}

/// Lets one more through, unless the last but [`MOST`] is too fresh.
///
/// # Errors
/// [`AppError::TooMany`]
pub fn admit(nth_newest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), AppError> {
    match nth_newest.map(|at| at + WINDOW).filter(|free_at| *free_at > now) {
        None => Ok(()),
        Some(free_at) => Err(AppError::TooMany {
            message: format!(
                "At most {MOST} announcements within a day: people stop reading them. You can send the next one at \
                {}.",
                format::time(&free_at)
            ),
            retry_after_seconds: u64::try_from((free_at - now).num_seconds()).unwrap_or(0).max(1),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fourth_within_a_day_waits() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(9);
        assert!(admit(None, now).is_ok());
        assert!(admit(Some(now - WINDOW), now).is_ok());
        let early = admit(Some(now - TimeDelta::hours(23)), now);
        assert!(matches!(early, Err(AppError::TooMany { retry_after_seconds: 3600, .. })), "{early:?}");
    }

    #[test]
    fn a_text_is_kept_without_space_around_it() {
        let wish = Wish { title: " News ".to_owned(), text: "One\r\ntwo\n".to_owned() };
        let kept = wish.checked().expect("it can be kept");
        assert_eq!((kept.title.as_str(), kept.text.as_str()), ("News", "One\ntwo"));
        let short = Wish { title: "No".to_owned(), ..wish.clone() }.checked();
        assert!(matches!(short, Err(AppError::Field { .. })), "{short:?}");
        let empty = Wish { text: " \n".to_owned(), ..wish }.checked();
        assert!(matches!(empty, Err(AppError::Field { .. })), "{empty:?}");
    }

    #[test]
    fn an_excerpt_ends_between_characters() {
        assert_eq!(excerpt("short"), "short");
        let cut = excerpt(&"ä".repeat(EXCERPT_LENGTH + 1));
        assert_eq!(cut.chars().count(), EXCERPT_LENGTH + 1);
        assert!(cut.ends_with('…'));
    }
}
