//! What a scorer is asked to do, and what it may answer.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::rejection::Rejection;

/// The subject of a queued job; the scorer reads the rest from the tables it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// Score a submission with its competition's active version.
    Score { submission_id: i64, team_id: i64 },
    /// Score a submission with another version than the active one, beside it.
    Rescore { submission_id: i64, team_id: i64, version_id: i64 },
    /// Score a submission again with the version of a verification, and compare.
    Verify { submission_id: i64, team_id: i64, verification_id: i64 },
    /// Check a file against the sample submission; reads no label and spends nothing.
    Check { check_id: Uuid },
    /// Compare the predictions of all teams with each other.
    Compare { comparison_id: i64 },
    /// Profile and check a scoring version before launch.
    Examine { version_id: i64 },
    /// Publish the labels of a version whose host released them.
    Release { version_id: i64 },
    /// Make train, test, sample and solution from one labelled table.
    Split { table_id: i64 },
    /// Run a notebook's version from the top; taken by runners, and never by a scorer.
    Run { run_id: i64 },
    /// Find out which ranks each team of the board may truly have.
    Ranks,
    /// Score the final board's submissions with other metrics.
    OtherMetrics,
    /// Look for files that were made to find out about hidden rows.
    Probing,
}

impl Subject {
    /// The submission whose file is scored; `None` where none is.
    pub fn submission_id(self) -> Option<i64> {
        match self {
            Self::Score { submission_id, .. }
            | Self::Rescore { submission_id, .. }
            | Self::Verify { submission_id, .. } => Some(submission_id),
            _ => None,
        }
    }
}

/// Lower runs first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Interactive = 0,
    Rescoring = 5,
    /// Nobody waits: verifications, looks at boards, which are exact without, and at files.
    Audit = 8,
    Run = 9,
}

/// The scores of one submission. A `None` carries the reason beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    pub public: SplitScore,
    pub private: SplitScore,
}

/// A finite score, or a sentence that says why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SplitScore {
    Defined(f64),
    /// Where a board shows several metrics: the value of each, the primary's first.
    OfParts {
        parts: Vec<f64>,
    },
    Undefined {
        undefined: String,
    },
}

impl SplitScore {
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Defined(score) => Some(*score),
            Self::OfParts { parts } => parts.first().copied(),
            Self::Undefined { .. } => None,
        }
    }

    /// The value of every metric that a board shows; `None` where that is the score alone.
    pub fn parts(&self) -> Option<&[f64]> {
        match self {
            Self::OfParts { parts } => Some(parts),
            Self::Defined(_) | Self::Undefined { .. } => None,
        }
    }

    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Defined(_) | Self::OfParts { .. } => None,
            Self::Undefined { undefined } => Some(undefined),
        }
    }
}

/// The answer to a file check, stored in `file_checks.verdict`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum CheckVerdict {
    Fits {
        n_rows: u64,
    },
    Rejected {
        rejection: Rejection,
    },
    /// The platform could not check it; not the participant's fault.
    Failed {
        reason: String,
    },
}
