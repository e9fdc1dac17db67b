//! What is kept and what may be, in numbers and in words. Pure.

use serde::Deserialize;
use sqlx::postgres::PgDatabaseError;

use crate::error::{AppError, QUOTA, Result};
use crate::ids::{CompetitionId, UserId};
use crate::web::format;

const BYTES_A_GIGABYTE: i64 = 1_000_000_000;
/// Nobody means more than this other than by mistake.
pub const MOST_BYTES: i64 = 1_000_000 * BYTES_A_GIGABYTE;

/// Whose room it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Person(UserId),
    Competition(CompetitionId),
}

/// What is kept of somebody, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Data, solutions, labelled tables and metrics of a competition; of a person, those of competitions they made.
    pub data_bytes: i64,
    pub submission_bytes: i64,
    /// Versions, and what runs of them made.
    pub notebook_bytes: i64,
    /// Images, checks, bundles, uploads that are on their way, and places for them in the bucket.
    pub other_bytes: i64,
}

impl Kept {
    pub fn used_bytes(&self) -> i64 {
        self.data_bytes + self.submission_bytes + self.notebook_bytes + self.other_bytes
    }

    /// Kinds of which there is anything, in words.
    pub fn kinds(&self) -> Vec<(&'static str, String)> {
        let kinds = [
            ("Submissions", self.submission_bytes),
            ("Notebooks", self.notebook_bytes),
            ("Data of competitions", self.data_bytes),
            ("Images, checks and uploads on their way", self.other_bytes),
        ];
        kinds.into_iter().filter(|(_, bytes)| *bytes > 0).map(|(kind, bytes)| (kind, shown(bytes))).collect()
    }
}

/// What is kept of somebody, and what may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub kept: Kept,
    pub allowed_bytes: i64,
    /// Allowed to them by an administrator, and not what the site allows everybody.
    pub is_exception: bool,
}

impl Usage {
    pub fn used(&self) -> String {
        shown(self.kept.used_bytes())
    }

    pub fn allowed(&self) -> String {
        shown(self.allowed_bytes)
    }

    /// Nine tenths are used.
    pub fn is_nearly_full(&self) -> bool {
        self.kept.used_bytes() >= self.allowed_bytes / 10 * 9
    }

    /// # Errors
    /// A problem of the kind `quota` where so many more bytes do not fit.
    pub fn require(&self, owner: Owner, asked_bytes: i64) -> Result<()> {
        let used = self.kept.used_bytes();
        if used.saturating_add(asked_bytes) <= self.allowed_bytes {
            return Ok(());
        }
        let is_person = matches!(owner, Owner::Person(_));
        Err(Full { is_person, used, allowed: self.allowed_bytes, asked: asked_bytes }.into())
    }

    pub fn sample() -> Self {
        let kept = Kept {
            data_bytes: 1_200_000_000,
            submission_bytes: 46_000_000_000,
            notebook_bytes: 0,
            other_bytes: 7,
        };
        Self { kept, allowed_bytes: 50 * BYTES_A_GIGABYTE, is_exception: true }
    }
}

/// Somebody whose files take much room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Large {
    /// A user name, or a competition's name in addresses.
    pub name: String,
    pub title: String,
    pub usage: Usage,
}

/// What each may keep unless an administrator says otherwise of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    pub person_bytes: i64,
    pub competition_bytes: i64,
}

impl Allowed {
    /// # Errors
    /// [`AppError::Field`] beyond what anybody means.
    pub fn checked(self) -> Result<Self> {
        checked("person_bytes", self.person_bytes)?;
        checked("competition_bytes", self.competition_bytes)?;
        Ok(self)
    }
}

/// # Errors
/// [`AppError::Field`] beyond what anybody means.
pub fn checked(field: &'static str, bytes: i64) -> Result<()> {
    if (0..=MOST_BYTES).contains(&bytes) {
        return Ok(());
    }
    Err(AppError::field(field, "Choose between 0 and 1,000,000 GB."))
}

/// Gigabytes as somebody typed them; `None` for nothing.
///
/// # Errors
/// [`AppError::Field`] for what is no number of them.
pub fn read_gigabytes(field: &'static str, typed: &str) -> Result<Option<i64>> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let gigabytes: f64 = typed.parse().unwrap_or(f64::NAN);
    let bytes = (gigabytes * BYTES_A_GIGABYTE as f64).round();
    if !(0.0..=MOST_BYTES as f64).contains(&bytes) {
        return Err(AppError::field(field, "Choose between 0 and 1,000,000 GB."));
    }
    Ok(Some(bytes as i64))
}

/// As they are typed.
pub fn gigabytes(bytes: i64) -> String {
    format!("{}", bytes as f64 / BYTES_A_GIGABYTE as f64)
}

pub fn shown(bytes: i64) -> String {
    format::size(bytes.unsigned_abs())
}

/// There is no room for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Full {
    #[serde(skip)]
    is_person: bool,
    used: i64,
    allowed: i64,
    asked: i64,
}

impl Full {
    /// What the database said of a file that did not fit.
    pub fn of(error: &sqlx::Error) -> Option<Self> {
        let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
        let is_person = match error.constraint()? {
            "stored_of_person_fits" => true,
            "stored_of_competition_fits" => false,
            _ => return None,
        };
        let full: Self = serde_json::from_str(error.detail()?).ok()?;
        Some(Self { is_person, ..full })
    }

    fn sentence(&self) -> String {
        let (used, allowed, asked) = (shown(self.used), shown(self.allowed), shown(self.asked));
        if self.is_person {
            return format!(
                "There is no storage left for {asked} more: the files of this account use {used} of the {allowed} \
                allowed. Delete notebooks or uploads you no longer need, or ask the administrators of this site for \
                more storage. The file was not stored, and does not count as a submission."
            );
        }
        format!(
            "There is no storage left for {asked} more: the files of this competition use {used} of the {allowed} \
            allowed. Its hosts can remove data, or ask the administrators of this site for more storage. The file \
            was not stored, and does not count as a submission."
        )
    }
}

impl From<Full> for AppError {
    fn from(full: Full) -> Self {
        Self::of(QUOTA, full.sentence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_byte_fits_and_no_more() {
        let kept = Kept { submission_bytes: 60, other_bytes: 30, ..Kept::default() };
        let usage = Usage { kept, allowed_bytes: 100, is_exception: false };
        let owner = Owner::Person(UserId(1));
        assert!(usage.require(owner, 10).is_ok());
        let refusal = usage.require(owner, 11).expect_err("one too many").to_string();
        assert!(refusal.contains("11 B more") && refusal.contains("90 B of the 100 B"), "{refusal}");
        assert!(usage.require(owner, i64::MAX).is_err());
        assert!(usage.is_nearly_full());
    }

    #[test]
    fn gigabytes_are_read_as_they_are_shown() {
        for (typed, bytes) in [("50", 50_000_000_000), (" 0.5 ", 500_000_000), ("0", 0)] {
            assert_eq!(read_gigabytes("gigabytes", typed).expect("a number"), Some(bytes));
            assert_eq!(gigabytes(bytes), typed.trim());
        }
        assert_eq!(read_gigabytes("gigabytes", " ").expect("nothing"), None);
        for wrong in ["-1", "many", "NaN", "inf", "1000001"] {
            assert!(read_gigabytes("gigabytes", wrong).is_err(), "{wrong}");
        }
    }
}
