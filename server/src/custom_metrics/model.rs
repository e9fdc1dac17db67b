//! A module, and a submission that could not be scored.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::ids::SubmissionId;

/// A Python module as it stands in a scoring version.
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    pub version: i32,
    pub file_name: String,
    pub source: String,
    pub sha256: Vec<u8>,
    pub uploaded_at: DateTime<Utc>,
    pub higher_is_better: bool,
    /// The keyword arguments of its function `score`.
    pub params: Value,
}

impl Module {
    pub fn sha256_hex(&self) -> String {
        hex::encode(&self.sha256)
    }

    /// The parameters as people write them; empty where there are none.
    pub fn params_text(&self) -> String {
        match &self.params {
            Value::Object(params) if params.is_empty() => String::new(),
            params => serde_json::to_string_pretty(params).unwrap_or_default(),
        }
    }

    pub fn direction(&self) -> &'static str {
        if self.higher_is_better { "Higher is better" } else { "Lower is better" }
    }

    pub fn sample() -> Self {
        Self {
            version: 1,
            file_name: "metric.py".to_owned(),
            source: "def score(solution, submission, row_id_column_name):\n    return 0.5\n".to_owned(),
            sha256: vec![5; 32],
            uploaded_at: DateTime::UNIX_EPOCH,
            higher_is_better: true,
            params: serde_json::json!({ "beta": 2 }),
        }
    }
}

/// Whether scorers that are alive can run modules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sandboxes {
    /// Interpreter and libraries, of each kind that there is.
    pub versions: Vec<String>,
    /// Why scorers cannot, each reason once.
    pub refusals: Vec<String>,
}

/// A submission that has no score by a fault that is not its sender's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub submission_id: SubmissionId,
    pub team: String,
    pub file_name: String,
    pub received_at: DateTime<Utc>,
    /// What the participant reads, or which fault of ours it was.
    pub sentence: String,
    /// What the module said; for the host alone.
    pub report: Option<String>,
}

impl Failure {
    pub fn sample() -> Self {
        Self {
            submission_id: SubmissionId(7),
            team: "Ada's team".to_owned(),
            file_name: "predictions.csv".to_owned(),
            received_at: DateTime::UNIX_EPOCH,
            sentence: holdout_contract::custom::HOST_IS_TOLD.to_owned(),
            report: Some("On the public rows:\nValueError: no rows".to_owned()),
        }
    }
}
