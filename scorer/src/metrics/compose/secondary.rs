//! One metric that ranks teams, and secondary ones beside it: each submission is scored by all, and only the first
//! counts. Whatever is asked of a score that ranks, its interval, its audit, is asked of that first metric alone.

use holdout_contract::ranks::{N_PARTS, WITH_SECONDARY};
use holdout_contract::spec::{Direction, Task};

use super::by_primary::ByPrimary;
use super::parts::{self, FOR_ALL_PARTS, Part};
use crate::metrics::about::{About, Kind, ParameterAbout, fields};

/// Checks the parts against each other; their directions are their own.
pub(super) fn check(parts: &[Part]) -> Result<(), String> {
    parts::check(parts, &N_PARTS)
}

pub static SECONDARY: ByPrimary = ByPrimary {
    sample: || parts::sample_without_weights(&["log_loss", "roc_auc"]),
    about: About {
        name: WITH_SECONDARY,
        title: "One metric, with secondary metrics beside it",
        task: Task::Composite,
        direction: Direction::LowerIsBetter,
        best: None,
        layout: fields::Fields::Named { solution: &[], submission: &[] },
        parameters: &[
            ParameterAbout {
                name: "parts",
                kind: Kind::Parts,
                description: "The metric that ranks teams, then 1 to 9 that are shown beside it. A part may have parameters and a target column of its own, keeps its own direction, and takes no weight.",
                is_main: false,
            },
            FOR_ALL_PARTS[0],
            FOR_ALL_PARTS[1],
        ],
        sentence: "Teams are ranked by the first of several metrics; the others are shown beside it and change no rank.",
        formula: "s_1",
        edge_cases: &[
            "The score is that of the first part, the primary, in the primary's direction, to the same digits as if it stood alone.",
            "The other values are computed from the same file and rows. No rank, choice of files, medal or prize follows from them.",
            "Undefined when a part is undefined, the secondary ones included: all columns of a board are of the same files.",
        ],
        gaming: "Whatever games the primary games this. Every secondary metric that is shown tells participants something more about the public labels.",
    },
};
