//! What is said of metrics for which no honest forecaster can be made up: why, and what a file without content
//! scores, which needs none.

use holdout_contract::audit::{Check, Verdict};
use holdout_contract::spec::Task;

use super::report::{check, short};
use crate::align::{Aligned, Predicted};
use crate::score::score_split;
use crate::solution::{Solution, Split};

/// Why a metric is not judged.
pub(super) fn reason(solution: &Solution) -> Check {
    let judge = solution.judge();
    let why = match judge.metric.about().task {
        Task::Ranking => {
            "It judges lists, and what a participant believes of every item cannot be made up from the labels."
        }
        Task::Text => {
            "It judges texts, and what a participant believes of a text cannot be made up from the labels."
        }
        Task::Segmentation | Task::Detection => {
            "It judges shapes, and what a participant believes of a shape cannot be made up from the labels."
        }
        Task::Survival => {
            "It judges times that are known in part, and nobody knows what was true of the others."
        }
        Task::Clustering => "It judges groupings, in which the names of groups mean nothing.",
        _ => "Its columns are of kinds for which no honest forecaster can be made up.",
    };
    let text = format!("This metric is not judged here; its own page tells how it can be gamed. {why}");
    check("R refusal", Verdict::Info, None, text)
}

/// What a file scores whose every cell is empty, beside what the truth itself scores.
pub(super) fn empty_file(solution: &Solution) -> Option<Check> {
    let truth = solution.perfect()?;
    let [Predicted::Texts(texts)] = truth.predictions.as_slice() else { return None };
    let empty = Predicted::Texts(std::iter::repeat_n("", texts.len()).collect());
    let empty = Aligned { predictions: vec![empty], n_classes: truth.n_classes, notices: Vec::new() };
    let [of_empty, of_truth] = [&empty, &truth].map(|file| score_split(solution, file, Split::All).value());
    let (of_empty, of_truth) = (of_empty?, of_truth?);
    let text = format!(
        "Honest work that scores worse than an empty file would rather have been left out. A file whose every cell is empty scores {}, the truth itself {}.",
        short(of_empty),
        short(of_truth)
    );
    Some(check("R empty file", Verdict::Info, of_empty, text))
}
