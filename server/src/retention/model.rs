//! What is kept for a time, and for how long unless an administrator says otherwise. Pure.

use chrono::{DateTime, Utc};

use crate::error::{AppError, Result};
use crate::web::format;

/// Nobody means a longer time than this other than "for ever".
const MOST_DAYS: i32 = 36_500;
/// After the end of a competition its results can be appealed for so long: until then every file stays. The database holds
/// to it as well.
const LEAST_APPEAL_DAYS: i32 = 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    Sessions,
    SignIns,
    Addresses,
    Mails,
    Deliveries,
    Notifications,
    Log,
    /// Of submissions that count for nothing.
    SubmissionFiles,
    /// That are not whole, or not used.
    Uploads,
}

impl Kept {
    pub const ALL: [Self; 9] = [
        Self::Sessions,
        Self::SignIns,
        Self::Addresses,
        Self::Mails,
        Self::Deliveries,
        Self::Notifications,
        Self::Log,
        Self::SubmissionFiles,
        Self::Uploads,
    ];

    /// As it is written in the database and in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::SignIns => "sign_ins",
            Self::Addresses => "addresses",
            Self::Mails => "mails",
            Self::Deliveries => "deliveries",
            Self::Notifications => "notifications",
            Self::Log => "log",
            Self::SubmissionFiles => "submission_files",
            Self::Uploads => "uploads",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kept| kept.name() == name)
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Sessions => "Sessions",
            Self::SignIns => "Sign-ins",
            Self::Addresses => "Addresses of machines",
            Self::Mails => "Letters",
            Self::Deliveries => "Deliveries of webhooks",
            Self::Notifications => "Notifications",
            Self::Log => "The log",
            Self::SubmissionFiles => "Files of submissions that do not count",
            Self::Uploads => "Unfinished uploads",
        }
    }

    /// What goes, counted from when.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Sessions => "How long people stay signed in without a visit. At most 30 days.",
            Self::SignIns => {
                "Who signed in to an account or failed to, and what was changed of it, with a shortened address, so long \
                 after it happened. Its owner sees it."
            }
            Self::Addresses => {
                "The network address and the browser's name of a session, so long after its last visit."
            }
            Self::Mails => {
                "Emails, sent or not, counted from when they were written. The text of a sent one is deleted at once."
            }
            Self::Deliveries => "What was sent to hosts' own addresses, so long after it was.",
            Self::Notifications => "What people were told on the site, so long after it happened.",
            Self::Log => "What hosts, moderators and administrators did. Kept for at least 365 days.",
            Self::SubmissionFiles => {
                "Files that no team selected, that stand on no board and that no Ladder released, so long after the end of \
                 their competition and after they were received; at least 30 days, in which results are appealed. Row, \
                 score, hash and receipt stay. \
                 The competition can then have no new scoring version, and verifies the scores whose file is there."
            }
            Self::Uploads => {
                "What came in parts and is not whole, or was not used, so long after its last byte."
            }
        }
    }

    /// `None`: for ever.
    pub fn default_days(self) -> Option<i32> {
        match self {
            Self::Sessions | Self::Deliveries => Some(30),
            Self::SignIns | Self::Addresses | Self::Mails => Some(90),
            Self::Notifications => Some(365),
            Self::Uploads => Some(1),
            Self::Log | Self::SubmissionFiles => None,
        }
    }

    /// Fewest and most days that can be set; and whether it can be kept for ever.
    fn limits(self) -> (i32, i32, bool) {
        match self {
            Self::Sessions => (1, 30, false),
            Self::Log => (365, MOST_DAYS, true),
            Self::SubmissionFiles => (LEAST_APPEAL_DAYS, MOST_DAYS, true),
            Self::Uploads => (1, 30, false),
            Self::SignIns | Self::Addresses | Self::Mails | Self::Deliveries | Self::Notifications => {
                (1, MOST_DAYS, true)
            }
        }
    }

    /// # Errors
    /// [`AppError::Field`] for a time that this cannot be kept for.
    pub fn checked(self, days: Option<i32>) -> Result<Option<i32>> {
        let (least, most, may_be_for_ever) = self.limits();
        match days {
            None if may_be_for_ever => Ok(None),
            Some(days) if (least..=most).contains(&days) => Ok(Some(days)),
            _ => Err(AppError::field("days", format!("Choose from {least} to {most} days."))),
        }
    }
}

/// Files of a competition's submissions that were let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilesGone {
    pub n: i64,
    pub last_at: DateTime<Utc>,
}

impl FilesGone {
    /// Why nothing can be scored anew.
    pub fn no_rescoring(&self) -> String {
        format!(
            "The files of {} of this competition were deleted under the site's retention rules, the last on {}. \
            Deleted files cannot be scored again, so no other version can count here.",
            submissions(self.n),
            self.last_at.format("%Y-%m-%d"),
        )
    }
}

fn submissions(n: i64) -> String {
    if n == 1 { "1 submission".to_owned() } else { format!("{} submissions", format::count(n)) }
}

/// One of them, as it holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub kept: Kept,
    /// `None`: for ever.
    pub days: Option<i32>,
}

impl Setting {
    pub fn words(&self) -> String {
        self.days.map_or_else(|| "for ever".to_owned(), |days| format::counted(&days, "day", "days"))
    }

    pub fn default_words(&self) -> String {
        Self { days: self.kept.default_days(), ..*self }.words()
    }

    pub fn typed(&self) -> String {
        self.days.map(|days| days.to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_can_be_set_and_nothing_beyond_its_limits() {
        for kept in Kept::ALL {
            assert_eq!(Kept::named(kept.name()), Some(kept));
            assert_eq!(kept.checked(kept.default_days()).expect("a default"), kept.default_days());
            assert!(kept.checked(Some(0)).is_err() && kept.checked(Some(MOST_DAYS + 1)).is_err());
        }
        assert!(Kept::Sessions.checked(None).is_err() && Kept::Sessions.checked(Some(31)).is_err());
        assert!(Kept::Log.checked(Some(364)).is_err() && Kept::SubmissionFiles.checked(Some(29)).is_err());
        assert_eq!(Setting { kept: Kept::Log, days: None }.words(), "for ever");
        assert_eq!(Setting { kept: Kept::Uploads, days: Some(1) }.words(), "1 day");
    }
}
