//! Counts and lists of the dashboard, as they are shown.

use chrono::{DateTime, NaiveDate, Utc};
use holdout_contract::rejection::RejectionKind;

use crate::ids::{SubmissionId, UserId};
use crate::web::format;

/// What a UTC day brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    pub day: NaiveDate,
    pub n_received: i32,
    pub n_scored: i32,
    pub n_rejected: i32,
    /// Without a score by a fault that is not their senders'.
    pub n_failed: i32,
    /// Teams that sent something.
    pub n_teams: i32,
    /// People who accepted the rules.
    pub n_joined: i32,
    /// From received to scored.
    pub median_wait_seconds: Option<f64>,
    pub p95_wait_seconds: Option<f64>,
}

impl Day {
    pub fn sample() -> Self {
        Self {
            day: NaiveDate::default(),
            n_received: 12,
            n_scored: 9,
            n_rejected: 2,
            n_failed: 1,
            n_teams: 4,
            n_joined: 3,
            median_wait_seconds: Some(0.8),
            p95_wait_seconds: Some(2.4),
        }
    }

    pub fn shown_median(&self) -> String {
        shown_wait(self.median_wait_seconds)
    }

    pub fn shown_p95(&self) -> String {
        shown_wait(self.p95_wait_seconds)
    }
}

/// `0.8 s` below a minute, in words above; never less than `0.1 s`.
fn shown_wait(seconds: Option<f64>) -> String {
    match seconds {
        None => "–".to_owned(),
        Some(seconds) if seconds < 60.0 => format!("{:.1} s", seconds.max(0.1)),
        Some(seconds) => format::wait(seconds),
    }
}

/// How many files were refused for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    pub kind: RejectionKind,
    pub n: i64,
}

impl Reason {
    pub fn sentence(&self) -> &'static str {
        sentence(self.kind)
    }
}

/// A reason in words that hold for every file; what one file says stays between its sender and the scorer.
pub fn sentence(kind: RejectionKind) -> &'static str {
    match kind {
        RejectionKind::MissingIds => "Ids of the sample submission are missing",
        RejectionKind::UnknownIds => "Ids that are not in the sample submission",
        RejectionKind::DuplicateIds => "Duplicate ids",
        RejectionKind::MissingColumn => "A column is missing",
        RejectionKind::UnknownColumn => "Unknown columns",
        RejectionKind::DuplicateColumn => "A column stands twice",
        RejectionKind::RowWidth => "Rows with a different number of cells than the header",
        RejectionKind::MissingValue => "A cell is empty",
        RejectionKind::NotANumber => "Text where a number belongs",
        RejectionKind::NotFinite => "NaN or infinity",
        RejectionKind::NotAnInteger => "A fraction where a whole number belongs",
        RejectionKind::OutOfRange => "A number out of range",
        RejectionKind::BadRle => "A run-length mask that cannot be read",
        RejectionKind::BadBoxes => "Boxes that cannot be read",
        RejectionKind::EmptyFile => "An empty file",
        RejectionKind::NoRows => "A header and no rows",
        RejectionKind::NotUtf8 => "Not UTF-8",
        RejectionKind::MalformedCsv => "Quotes of the CSV do not close",
        RejectionKind::BadSolution => "The solution cannot be read",
        RejectionKind::UnknownClass => "Unknown classes",
        RejectionKind::FieldTooLong => "A cell is too long",
        RejectionKind::TooLarge => "Too large once unpacked",
        RejectionKind::BadArchive => "An archive that cannot be read",
        RejectionKind::RefusedByMetric => "Refused by the competition's own metric",
    }
}

/// A refused file, without anything that stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub submission_id: SubmissionId,
    pub team: String,
    pub received_at: DateTime<Utc>,
    pub kind: RejectionKind,
    pub line: Option<u64>,
    /// How many cells or ids are concerned, where they were counted.
    pub total: Option<u64>,
}

impl Refused {
    pub fn sample() -> Self {
        Self {
            submission_id: SubmissionId(7),
            team: "Ada & friends".to_owned(),
            received_at: DateTime::UNIX_EPOCH,
            kind: RejectionKind::MissingIds,
            line: Some(17),
            total: Some(3),
        }
    }

    pub fn sentence(&self) -> &'static str {
        sentence(self.kind)
    }
}

/// A person who takes part.
#[derive(Debug, Clone, PartialEq)]
pub struct Participant {
    pub user_id: UserId,
    pub username: String,
    pub display_name: String,
    /// The address that a host invited, where the person shows that it is theirs.
    pub invited_as: Option<String>,
    pub team: String,
    pub is_leader: bool,
    pub joined_at: DateTime<Utc>,
    /// Of the team, as everything below.
    pub n_entries: i32,
    pub public_score: Option<f64>,
    pub last_entry_at: Option<DateTime<Utc>>,
    /// On the final board; none before the end.
    pub final_rank: Option<i32>,
    /// That decided the final rank; none before the end.
    pub private_score: Option<f64>,
}

impl Participant {
    pub fn sample() -> Self {
        Self {
            user_id: UserId(1),
            username: "ada".to_owned(),
            display_name: "Ada".to_owned(),
            invited_as: Some("ada@people.test".to_owned()),
            team: "Ada & friends".to_owned(),
            is_leader: true,
            joined_at: DateTime::UNIX_EPOCH,
            n_entries: 7,
            public_score: Some(0.912_345_6),
            last_entry_at: Some(DateTime::UNIX_EPOCH),
            final_rank: Some(2),
            private_score: Some(0.898_765_4),
        }
    }

    pub fn shown_score(&self, decimals: &i32) -> String {
        shown_score(self.public_score, *decimals)
    }

    pub fn shown_private_score(&self, decimals: &i32) -> String {
        shown_score(self.private_score, *decimals)
    }

    pub fn shown_final_rank(&self) -> String {
        self.final_rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string())
    }
}

fn shown_score(score: Option<f64>, decimals: i32) -> String {
    score.map_or_else(|| "–".to_owned(), |score| format::score(score, decimals))
}

/// How the teams' best public scores are spread: from the best to that of the team at 95%.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    pub best: f64,
    pub worst_shown: f64,
    /// Equal steps from `best` to `worst_shown`.
    pub counts: Vec<i64>,
    /// Teams that are worse still.
    pub n_beyond: i64,
}

impl Spread {
    /// Bounds of a step, the better one first.
    pub fn bounds(&self, step: usize) -> (f64, f64) {
        let width = (self.worst_shown - self.best) / self.counts.len().max(1) as f64;
        (self.best + width * step as f64, self.best + width * (step + 1) as f64)
    }

    pub fn sample() -> Self {
        Self { best: 0.9, worst_shown: 0.5, counts: vec![1, 3, 8, 4], n_beyond: 2 }
    }
}

/// What waits for a score now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Waiting {
    pub n: i64,
    pub oldest_received_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_goes_from_the_best_to_the_worst_whichever_way_is_better() {
        let spread = Spread::sample();
        assert_eq!(spread.bounds(0), (0.9, 0.8));
        let (_, last) = spread.bounds(3);
        assert!((last - 0.5).abs() < 1e-12);
    }

    #[test]
    fn waits_are_told_in_a_unit_that_fits() {
        assert_eq!(shown_wait(None), "–");
        assert_eq!(shown_wait(Some(0.84)), "0.8 s");
        assert_eq!(shown_wait(Some(150.0)), "3 minutes");
    }
}
