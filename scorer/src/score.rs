//! A submission's scores against a prepared solution. Pure: the command line and the worker both call it.

use holdout_contract::job::{Scores, SplitScore};
use holdout_contract::rejection::Rejection;

use crate::align::{Aligned, align};
use crate::intake::{Content, Limits};
use crate::metrics::compose::PartScore;
use crate::metrics::{Rows, Undefined, Values, finite};
use crate::parallel;
use crate::solution::{Solution, Split};

/// What scoring a submission yields.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub scores: Scores,
    pub n_rows: u64,
    /// Remarks for the participant that are no fault.
    pub notices: Vec<String>,
}

/// Scores a submission on the public and on the private rows.
///
/// # Errors
/// The sentence for the participant.
pub fn score(solution: &Solution, submission: &Content<'_>, limits: &Limits) -> Result<Outcome, Rejection> {
    let aligned = align(solution, submission, limits)?;
    let [public, private] = score_splits(solution, &aligned, [Split::Public, Split::Private]);
    Ok(Outcome {
        scores: Scores { public, private },
        n_rows: solution.n_rows() as u64,
        notices: aligned.notices,
    })
}

/// The scores of several splits; those of long files are computed at the same time.
pub fn score_splits<const N: usize>(
    solution: &Solution,
    aligned: &Aligned,
    splits: [Split; N],
) -> [SplitScore; N] {
    let mut scores =
        parallel::each(&splits, solution.n_rows(), |split| score_split(solution, aligned, *split))
            .into_iter();
    splits.map(|_| scores.next().expect("a score for every split"))
}

/// The score of one split, or why there is none.
pub fn score_split(solution: &Solution, aligned: &Aligned, split: Split) -> SplitScore {
    let judge = solution.judge();
    let scored = with_rows(solution, aligned, split, |rows| {
        if judge.is_ranked() {
            let parts = judge.part_scores(rows)?;
            return Ok(SplitScore::Ranked { parts: parts.iter().map(|part| part.score).collect() });
        }
        judge.score(rows).and_then(finite).map(SplitScore::Defined)
    });
    scored.unwrap_or_else(|Undefined(undefined)| SplitScore::Undefined { undefined })
}

/// What a split's score is put together from; empty where it is one value, and where there is none.
pub fn part_scores(solution: &Solution, aligned: &Aligned, split: Split) -> Vec<PartScore> {
    with_rows(solution, aligned, split, |rows| solution.judge().part_scores(rows)).unwrap_or_default()
}

fn with_rows<T>(
    solution: &Solution,
    aligned: &Aligned,
    split: Split,
    then: impl FnOnce(&Rows<'_>) -> Result<T, Undefined>,
) -> Result<T, Undefined> {
    let range = solution.range(split);
    if range.is_empty() {
        return Err(Undefined::because("This split has no rows."));
    }
    let truths = solution.truths(split);
    let predictions: Vec<Values<'_>> =
        aligned.predictions.iter().map(|predicted| predicted.values(range.clone())).collect();
    then(&Rows {
        truths: &truths,
        predictions: &predictions,
        weights: solution.weights.as_ref().map(|weights| &weights[range.clone()]),
        groups: solution.groups.as_ref().map(|groups| &groups[range.clone()]),
        group_names: &solution.group_names,
        row_numbers: solution.row_numbers(split),
        n_classes: aligned.n_classes,
        context: &solution.judge.context,
    })
}
