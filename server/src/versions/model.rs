//! A scoring version and its life.

use chrono::{DateTime, Utc};
use holdout_contract::examine::{Finding, Report};
use serde_json::Value;

use crate::ids::{SubmissionId, TeamId, VersionId};
use crate::submissions::model::rounded;
use crate::web::format;

/// Where a version stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Stage {
    /// Being put together.
    Draft,
    /// Every submission is scored under it in the background.
    Rescoring,
    /// Counts.
    Published,
    /// Counted before; followed so that it can come back at once.
    Standby,
    /// Counted before.
    Retired,
    /// Never counted.
    Abandoned,
}

impl Stage {
    pub fn words(self) -> &'static str {
        match self {
            Self::Draft => "being put together",
            Self::Rescoring => "being computed",
            Self::Published => "counts",
            Self::Standby => "counted before; can come back at once",
            Self::Retired => "counted before",
            Self::Abandoned => "given up",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub id: VersionId,
    pub number: i32,
    pub stage: Stage,
    pub metric: Option<String>,
    pub params: Value,
    pub public_fraction: f64,
    pub solution_sha256: Option<Vec<u8>>,
    pub reason: String,
    pub created_at: DateTime<Utc>,
    pub activated_at: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
    /// When board and preview stood.
    pub prepared_at: Option<DateTime<Utc>>,
    /// Submissions to be scored when it began.
    pub n_total: i64,
    pub n_asked: i64,
    /// Of those asked for, how many wait or are being scored.
    pub n_waiting: i64,
    /// Of those asked for, how many broke off by a fault of ours.
    pub n_failed: i64,
    /// Teams whose public rank would change.
    pub n_moved: i64,
    pub input_revision: i32,
    pub examined_revision: Option<i32>,
    pub report: Option<Value>,
}

impl Version {
    pub fn n_done(&self) -> i64 {
        (self.n_asked - self.n_waiting - self.n_failed).max(0)
    }

    /// Where it stands, in words.
    pub fn state(&self) -> &'static str {
        if self.is_prepared() { "ready to be published" } else { self.stage.words() }
    }

    /// Whether every submission has its score and the preview stands.
    pub fn is_prepared(&self) -> bool {
        self.stage == Stage::Rescoring && self.prepared_at.is_some() && self.n_failed == 0
    }

    pub fn is_examined(&self) -> bool {
        self.report.is_some() && self.examined_revision == Some(self.input_revision)
    }

    pub fn findings(&self) -> Vec<Finding> {
        let report: Option<Report> =
            self.report.clone().and_then(|report| serde_json::from_value(report).ok());
        report.map(|report| report.findings).unwrap_or_default()
    }

    pub fn sample() -> Self {
        Self {
            id: VersionId(2),
            number: 2,
            stage: Stage::Rescoring,
            metric: Some("rmse".to_owned()),
            params: serde_json::json!({}),
            public_fraction: 0.3,
            solution_sha256: Some(vec![7; 32]),
            reason: "Row 17 of the solution was wrong.".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            activated_at: None,
            started_at: Some(DateTime::UNIX_EPOCH),
            prepared_at: Some(DateTime::UNIX_EPOCH),
            n_total: 500,
            n_asked: 500,
            n_waiting: 0,
            n_failed: 0,
            n_moved: 12,
            input_revision: 1,
            examined_revision: Some(1),
            report: None,
        }
    }
}

/// A version that counts or counted, with what a scorer committed to when it examined it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    pub number: i32,
    /// From when on it counted.
    pub counted_at: DateTime<Utc>,
    /// SHA-256 over a secret salt, the labels and the split; none where an earlier release examined them.
    pub sha256: Option<Vec<u8>>,
    pub made_at: Option<DateTime<Utc>>,
}

impl Committed {
    pub fn sample() -> Self {
        Self {
            number: 2,
            counted_at: DateTime::UNIX_EPOCH,
            sha256: Some(vec![5; 32]),
            made_at: Some(DateTime::UNIX_EPOCH),
        }
    }

    pub fn sha256_hex(&self) -> Option<String> {
        self.sha256.as_ref().map(hex::encode)
    }

    /// Whether somebody could have been judged by other labels before.
    pub fn is_late(&self) -> bool {
        self.made_at.is_some_and(|made_at| made_at > self.counted_at)
    }
}

/// Labels that a host released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The scoring version's number.
    pub version: i32,
    pub reason: String,
    pub asked_by: Option<String>,
    pub asked_at: DateTime<Utc>,
    /// Why a scorer could not publish them, for hosts.
    pub failure: Option<String>,
    /// Once a scorer published them.
    pub file: Option<ReleasedFile>,
}

/// A solution in the clear, which everybody may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedFile {
    pub at: DateTime<Utc>,
    /// Of the version's commitment.
    pub salt: Vec<u8>,
    pub storage_key: String,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
}

impl Release {
    pub fn sample() -> Self {
        Self {
            version: 2,
            reason: "So that everybody can check the board.".to_owned(),
            asked_by: Some("Ada".to_owned()),
            asked_at: DateTime::UNIX_EPOCH,
            failure: None,
            file: Some(ReleasedFile {
                at: DateTime::UNIX_EPOCH,
                salt: vec![6; 32],
                storage_key: "data/1/x".to_owned(),
                size_bytes: 12_345,
                sha256: vec![8; 32],
            }),
        }
    }
}

impl ReleasedFile {
    pub fn salt_hex(&self) -> String {
        hex::encode(&self.salt)
    }

    pub fn size(&self) -> String {
        format::size(self.size_bytes.unsigned_abs())
    }
}

/// A recomputation of every score of a competition, from the stored bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Verification {
    pub id: i64,
    /// The version that counted when it was asked for.
    pub version: i32,
    pub asked_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub n_asked: i64,
    pub n_waiting: i64,
    /// Submissions whose recomputation broke off by a fault of ours.
    pub n_failed: i64,
    pub n_faults: i64,
    /// Submissions whose files were let go under the site's retention: their scores stand and are not computed again.
    pub n_files_gone: i64,
}

impl Verification {
    pub fn n_done(&self) -> i64 {
        (self.n_asked - self.n_waiting).max(0)
    }

    /// Whether every score came out the same to the last bit.
    pub fn is_clean(&self) -> bool {
        self.finished_at.is_some() && self.n_failed == 0 && self.n_faults == 0
    }

    pub fn sample() -> Self {
        Self {
            id: 1,
            version: 1,
            asked_at: DateTime::UNIX_EPOCH,
            finished_at: Some(DateTime::UNIX_EPOCH),
            n_asked: 500,
            n_waiting: 0,
            n_failed: 0,
            n_faults: 0,
            n_files_gone: 3,
        }
    }
}

/// A score that did not come out as it is on record; no digit of it is said.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Fault {
    pub submission_id: SubmissionId,
    pub team: String,
    pub what: String,
}

/// What happened to a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ChangeKind {
    /// Every submission began to be scored under it.
    Start,
    /// It was given up.
    Abandon,
    Publish,
    RollBack,
}

impl ChangeKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Abandon => "abandon",
            Self::Publish => "publish",
            Self::RollBack => "roll_back",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Start => "began to be computed beside what counts",
            Self::Abandon => "was given up and never counted",
            Self::Publish => "began to count",
            Self::RollBack => "counts again",
        }
    }
}

/// Something that happened to a version once everything was to be scored under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub id: i64,
    pub number: i32,
    /// The one that counted before, where another one counts from then on.
    pub previous_number: Option<i32>,
    pub kind: ChangeKind,
    pub reason: String,
    pub actor: Option<String>,
    pub at: DateTime<Utc>,
}

impl Change {
    pub fn sample() -> Self {
        Self {
            id: 1,
            number: 2,
            previous_number: Some(1),
            kind: ChangeKind::Publish,
            reason: "Row 17 of the solution was wrong.".to_owned(),
            actor: Some("Ada".to_owned()),
            at: DateTime::UNIX_EPOCH,
        }
    }
}

/// What publishing would do to one team. Final ranks only once a final board stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    pub team_id: TeamId,
    pub team: String,
    pub distance: i32,
    pub old_rank: Option<i32>,
    pub new_rank: Option<i32>,
    pub old_score: Option<f64>,
    pub new_score: Option<f64>,
    pub old_final_rank: Option<i32>,
    pub new_final_rank: Option<i32>,
}

impl Move {
    /// With scores of so many decimals, as the board shows them while it is open.
    pub fn rounded(self, decimals: i32) -> Self {
        let shown = |score: Option<f64>| score.map(|score| rounded(score, decimals));
        Self { old_score: shown(self.old_score), new_score: shown(self.new_score), ..self }
    }

    pub fn sample() -> Self {
        Self {
            team_id: TeamId(1),
            team: "Ada's team".to_owned(),
            distance: 3,
            old_rank: Some(4),
            new_rank: Some(1),
            old_score: Some(0.5),
            new_score: Some(0.4),
            old_final_rank: None,
            new_final_rank: None,
        }
    }
}

/// Where a list of moves goes on: behind this distance and team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveKey {
    pub distance: i32,
    pub team_id: TeamId,
}

impl MoveKey {
    pub fn first() -> Self {
        Self { distance: i32::MAX, team_id: TeamId(0) }
    }

    /// Reads `DISTANCE.TEAM`; nothing is the beginning.
    pub fn read(text: Option<&str>) -> Option<Self> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Some(Self::first()) };
        let (distance, team_id) = text.split_once('.')?;
        Some(Self { distance: distance.parse().ok()?, team_id: TeamId(team_id.parse().ok()?) })
    }
}

impl std::fmt::Display for MoveKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.distance, self.team_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_as_they_print() {
        let key = MoveKey { distance: 7, team_id: TeamId(12) };
        assert_eq!(MoveKey::read(Some(&key.to_string())), Some(key));
        assert_eq!(MoveKey::read(None), Some(MoveKey::first()));
        assert_eq!(MoveKey::read(Some("x")), None);
    }

    #[test]
    fn a_commitment_of_after_a_version_counted_is_late() {
        let in_time = Committed::sample();
        let late = DateTime::UNIX_EPOCH + chrono::TimeDelta::microseconds(1);
        assert!(!in_time.is_late());
        assert!(Committed { made_at: Some(late), ..in_time.clone() }.is_late());
        assert!(!Committed { made_at: None, sha256: None, ..in_time }.is_late());
    }

    #[test]
    fn progress_counts_what_is_neither_waiting_nor_broken() {
        let version = Version { n_asked: 10, n_waiting: 3, n_failed: 1, ..Version::sample() };
        assert_eq!(version.n_done(), 6);
        assert!(!version.is_prepared());
    }
}
