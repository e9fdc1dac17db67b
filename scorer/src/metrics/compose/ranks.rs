//! Mean of ranks: what a submission comes to under every part. The ranks themselves are the board's,
//! because they follow from everybody's submissions; here are the values that they are made from.

use holdout_contract::ranks::{N_PARTS, NAME, WEIGHTS};
use holdout_contract::spec::{Direction, Task};

use super::by_primary::ByPrimary;
use super::parts::{self, FOR_ALL_PARTS, Part};
use crate::metrics::about::{About, Kind, ParameterAbout, fields};

/// Checks the parts against each other; their directions are their own.
pub(super) fn check(parts: &[Part]) -> Result<(), String> {
    if let Some(part) = parts.iter().find(|part| !WEIGHTS.contains(&part.weight)) {
        return Err(format!(
            "The weight of {} must be a number from {} to {}; it is {}. The direction of a metric needs no sign here.",
            part.name,
            WEIGHTS.start(),
            WEIGHTS.end(),
            part.weight
        ));
    }
    parts::check(parts, &N_PARTS)
}

pub static MEAN_RANK: ByPrimary = ByPrimary {
    sample: || parts::sample(&[("log_loss", 1.0), ("roc_auc", 1.0)]),
    about: About {
        name: NAME,
        title: "Mean of ranks",
        task: Task::Composite,
        direction: Direction::LowerIsBetter,
        best: None,
        layout: fields::Fields::Named { solution: &[], submission: &[] },
        parameters: &[
            ParameterAbout {
                name: "parts",
                kind: Kind::Parts,
                description: "The metrics that teams are ranked by, 2 to 10, each with its weight; the first is the primary. A part may have parameters and a target column of its own, and keeps its own direction.",
                is_main: false,
            },
            FOR_ALL_PARTS[0],
            FOR_ALL_PARTS[1],
        ],
        sentence: "Teams are ranked by each of several metrics, and ordered by the mean of those ranks.",
        formula: r"\frac{\sum_k w_k\,r_k}{\sum_k w_k}",
        edge_cases: &[
            "A submission's own score is that of the first part, the primary, in the primary's direction. It alone decides which of a team's files counts: the best one. All further files of a team change no rank.",
            "The counting submissions of all teams are ranked by every part in that part's own direction. The best has rank 1; equal values share the mean of their ranks, so two at the top have 1.5 each.",
            "Teams are ordered by the mean of their ranks, weighted and divided by the sum of the weights, lowest first; equal means by the primary's score, then by the earlier submission.",
            "The final board does the same with private scores. A team's counting submission is, among those it selected, the one with the best private score of the primary.",
            "A rank follows from everybody's submissions: a team's mean rank can change though it sent nothing.",
            "Weights are from 0.000001 to 1,000,000, whatever the direction of their part.",
            "Undefined when a part is undefined.",
        ],
        gaming: "A rank says nothing of distances, so a gain in the last decimal of one part can be worth as much as a large one in another. Whoever enters between two rivals under one part can exchange them under the mean: look for accounts that were made to do so. Sending many files decides nothing, since one counts by the primary; whatever games a part games its ranks.",
    },
};
