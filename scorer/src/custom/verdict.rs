//! What goes into the sandbox and what may come out of it.

use std::collections::BTreeMap;

use holdout_contract::custom::MAX_PARTICIPANT_CHARS;
use holdout_contract::rejection::{Rejection, RejectionKind};
use holdout_contract::spec::Params;
use serde::{Deserialize, Serialize};

/// The first line that the driver reads.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task<'a> {
    Score {
        source: &'a str,
        params: &'a Params,
        row_id_column_name: &'a str,
        /// Bytes of the two tables that follow.
        solution_bytes: usize,
        submission_bytes: usize,
    },
    /// Scores made-up files for as long as some come.
    Trials {
        source: &'a str,
        params: &'a Params,
        row_id_column_name: &'a str,
        /// Bytes of the two tables that follow.
        solution_bytes: usize,
        submission_bytes: usize,
        /// The solution's columns that are predicted.
        targets: &'a [String],
        /// The submission's columns that predict it.
        predictions: &'a [String],
        /// The cells that labels stand for, by code; none for numbers.
        labels: Option<&'a [String]>,
        reports_are_labels: bool,
    },
    /// Scores the tables without each block of rows.
    Blocks {
        source: &'a str,
        params: &'a Params,
        row_id_column_name: &'a str,
        /// Bytes of the two tables that follow; a byte for every row comes behind them, which is its block.
        solution_bytes: usize,
        submission_bytes: usize,
        n_rows: usize,
        n_blocks: usize,
        /// Computing time that all blocks may take.
        seconds: f64,
    },
    /// Loads the module, lists its parameters and runs its doctests.
    Examine { source: &'a str },
    /// Tries what must be forbidden.
    Probe {
        /// A file that must not be readable.
        reads: &'a str,
        /// A file that must not be writable.
        writes: &'a str,
        /// A process that must not be reachable.
        signals: u32,
    },
}

/// The driver's last line.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Scored {
        score: f64,
    },
    /// A score without each block of rows.
    Blocks {
        scores: Vec<f64>,
    },
    /// There is no time to ask for as many scores.
    Slow,
    /// No error, and no finite number; for the host.
    NotFinite {
        text: String,
    },
    /// A `ParticipantVisibleError`.
    Refused {
        text: String,
    },
    /// Any other exception, for the host.
    Failed {
        text: String,
    },
    Examined(Examined),
    Probed {
        open_doors: Vec<String>,
        versions: BTreeMap<String, String>,
    },
}

/// What a module says about itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Examined {
    pub parameters: Vec<Parameter>,
    /// Whether it takes keyword arguments of any name.
    pub takes_any: bool,
    pub n_examples: u64,
    pub n_failures: u64,
    /// What the failed doctests printed.
    pub text: String,
}

/// A keyword argument of `score` beyond the first three.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Parameter {
    pub name: String,
    pub annotation: Option<String>,
    /// As Python writes it; `None`: it must be given.
    pub default: Option<String>,
}

/// A metric's own words as a rejection: on one line, at most 280 characters.
pub fn refusal(text: &str) -> Rejection {
    let plain: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: String = plain.chars().filter(|letter| !letter.is_control()).collect();
    let shown: String = plain.chars().take(MAX_PARTICIPANT_CHARS).collect();
    let shown =
        if shown.is_empty() { "The metric refused the file without a reason.".to_owned() } else { shown };
    Rejection::new(RejectionKind::RefusedByMetric, shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metrics_words_are_cut_to_what_a_participant_may_read() {
        assert_eq!(refusal("a\n  b\u{7}").message, "a b");
        assert_eq!(refusal(&"ä".repeat(500)).message.chars().count(), 280);
        assert!(refusal(" ").message.contains("without a reason"));
    }
}
