//! The texts, and which are in force. Pure.

use chrono::{DateTime, Utc};

use crate::error::{AppError, Result};
use crate::markdown;

/// Longest text, in characters; the database holds to it as well.
pub const LONGEST: usize = 50_000;
/// What stands under *Privacy* until an administrator writes a text.
const OWN_PRIVACY: &str = include_str!("privacy.md");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Privacy,
    /// Who runs the site.
    Imprint,
    Terms,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Privacy, Self::Imprint, Self::Terms];

    /// As it is written in the database and in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Privacy => "privacy",
            Self::Imprint => "imprint",
            Self::Terms => "terms",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Privacy => "Privacy",
            Self::Imprint => "Imprint",
            Self::Terms => "Terms of use",
        }
    }

    /// Whether everybody may read what stood there before. An imprint names a person and where they live or lived.
    pub fn has_open_past(self) -> bool {
        self != Self::Imprint
    }

    /// What an administrator should know before writing it.
    pub fn consequence(self) -> &'static str {
        match self {
            Self::Privacy => {
                "Linked in the footer of every page. If empty, the default text is used, which says what the \
                program stores. Previous versions stay readable."
            }
            Self::Imprint => {
                "Who runs the site. Linked in the footer of every page; leave empty for none. Only administrators \
                can see previous versions."
            }
            Self::Terms => {
                "Linked in the footer of every page. People accept it when they register with a password, which is \
                recorded with its date; others are asked on the front page, and everyone is asked again after each \
                change. Leave empty for none. Previous versions stay readable."
            }
        }
    }
}

/// A text as it stood from some time on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteText {
    /// 0: it comes with the program.
    pub number: i32,
    /// Empty where it was withdrawn.
    pub markdown: String,
    pub html: String,
    pub written_at: Option<DateTime<Utc>>,
}

impl SiteText {
    /// What stands there before an administrator writes anything.
    pub fn of_program(kind: Kind) -> Option<Self> {
        (kind == Kind::Privacy).then(|| Self {
            number: 0,
            markdown: OWN_PRIVACY.to_owned(),
            html: markdown::draw(OWN_PRIVACY),
            written_at: None,
        })
    }

    pub fn sample() -> Self {
        Self {
            number: 2,
            markdown: "Be *kind*.".to_owned(),
            html: "<p>Be <em>kind</em>.</p>".to_owned(),
            written_at: Some(DateTime::UNIX_EPOCH),
        }
    }
}

/// When a text began to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    pub number: i32,
    pub written_at: DateTime<Utc>,
    pub is_withdrawal: bool,
}

/// Which texts the site has beside that on privacy, which it always has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InForce {
    pub has_imprint: bool,
    /// The version of the terms that holds.
    pub terms: Option<i32>,
}

/// What was typed, as it is kept.
///
/// # Errors
/// [`AppError::Field`] for a text that is too long.
pub fn read(typed: &str) -> Result<String> {
    let markdown = typed.replace("\r\n", "\n").trim().to_owned();
    if markdown.chars().count() > LONGEST {
        return Err(AppError::field("markdown", "A text has at most 50,000 characters."));
    }
    Ok(markdown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_brings_a_text_on_privacy_alone() {
        let own = SiteText::of_program(Kind::Privacy).expect("it does");
        assert!(own.html.contains("<h2") && own.markdown.chars().count() < LONGEST);
        assert!(SiteText::of_program(Kind::Imprint).is_none() && SiteText::of_program(Kind::Terms).is_none());
        assert!(Kind::ALL.into_iter().all(|kind| Kind::named(kind.name()) == Some(kind)));
    }

    #[test]
    fn a_text_is_kept_without_what_surrounds_it() {
        assert_eq!(read(" One\r\ntwo \n").expect("short"), "One\ntwo");
        assert!(read(&"x".repeat(LONGEST + 1)).is_err());
    }
}
