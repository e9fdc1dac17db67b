//! What a scorer finds out about a competition before launch. Nothing here holds a row's label.

use serde::{Deserialize, Serialize};

use crate::audit::{Audit, Overall};
use crate::format::SubmissionFormat;

/// Stored in `scoring_versions.report`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    pub profile: Option<Profile>,
    pub findings: Vec<Finding>,
    /// Metrics that fit the labels, best first; names of the catalogue.
    pub suggested_metrics: Vec<String>,
    /// How the metric can be gamed on these labels; none before there is a metric that has a value on them.
    #[serde(default)]
    pub audit: Option<Audit>,
}

impl Report {
    /// Nothing but findings.
    pub fn of_findings(findings: Vec<Finding>) -> Self {
        Self { profile: None, findings, suggested_metrics: Vec::new(), audit: None }
    }

    /// A competition may launch when nothing is refused.
    pub fn allows_launch(&self) -> bool {
        self.findings.iter().all(|finding| finding.verdict != Verdict::Refused)
    }

    /// The audit's verdict on the whole.
    pub fn overall(&self) -> Option<Overall> {
        self.audit.as_ref().map(|audit| audit.overall)
    }
}

/// What is known of a solution without telling any row's label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    pub id_column: String,
    pub target_columns: Vec<String>,
    /// Other columns of the solution: weight, group, query.
    pub extra_columns: Vec<String>,
    pub n_public: u64,
    pub n_private: u64,
    pub n_ignored: u64,
    /// Whether the split was made by the platform because the file had no `Usage` column.
    pub split_was_made: bool,
    pub targets: Vec<TargetKind>,
    /// What a submission must hold, where the metric says so.
    #[serde(default)]
    pub submission: Option<SubmissionFormat>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TargetKind {
    Number { is_whole: bool, has_negative: bool, has_zero: bool },
    Binary { classes: Vec<String> },
    Classes { classes: Vec<String> },
    Ratings { minimum: i64, maximum: i64 },
    Lists,
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    Pass,
    Warn,
    Refused,
}

/// One check's result, worded for a host who is no statistician.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Stable name: `sample_fits`, `split_empty`, `class_missing`, `row_overlap`, `metric_applies`, `perfect_score`, …
    pub check: String,
    pub verdict: Verdict,
    /// What was found.
    pub text: String,
    /// What to do about it; empty where nothing is to be done.
    pub fix: String,
}

impl Finding {
    /// Whether it is a FAIL of the audit, over which a host may launch with a reason.
    pub fn is_fail(&self) -> bool {
        self.check.starts_with("audit")
            && ["FAIL", "Audit: FAIL"].iter().any(|word| self.text.starts_with(word))
    }

    /// What a participant can do with a fault of the tables; empty where there is no fault, and where the text says it.
    pub fn exploit(&self) -> &'static str {
        if self.verdict == Verdict::Pass {
            return "";
        }
        match self.check.as_str() {
            "row_nearly_overlaps" => "Look these rows up in the training file and send their labels.",
            "id_overlap" => {
                "Look for rows of the same id in the training file, and guess the label from them."
            }
            "order_predicts" => {
                "Send numbers that rise with the place of the row, or with its id, and use no feature."
            }
            "column_is_answer" | "target_in_test" => "Copy that column into the file, and learn nothing.",
            "constants_per_group" | "groups_leak" | "groups_torn" => {
                "Send for every row what other rows of its group have."
            }
            "times_leak" => "Send for every row what the rows just before and just after it have.",
            "class_missing" | "class_rare" | "class_not_in_training" => {
                "Leave these classes out of all work: next to nothing is lost with them."
            }
            "contradictory_labels" | "contradictory_targets" => {
                "Nothing that is known; but chance chooses among entries that are right about all other rows."
            }
            "sides_alike" | "public_and_private_alike" => {
                "Tune to the public board and be surprised at the end, or find out which rows are private and work for these."
            }
            "train_and_test_alike" => {
                "Tell training and test rows apart, and weigh training rows by how like the test they are."
            }
            _ => "",
        }
    }
}

/// What a scorer proposes from one labelled table; stored in `labelled_tables.proposal`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proposal {
    pub id_column: String,
    /// Whether the table had no usable id and one was made.
    pub id_was_made: bool,
    pub target_column: String,
    pub feature_columns: Vec<String>,
    pub n_train: u64,
    pub n_test: u64,
    pub target: TargetKind,
    pub metric: String,
    /// Why this metric, in one sentence.
    pub metric_reason: String,
    /// Things the host should look at, in plain words.
    pub remarks: Vec<String>,
}
