//! A submission's scores against a prepared solution. Pure: the command line and the worker both call it.

use std::ops::Range;

use holdout_contract::job::{Scores, SplitScore};
use holdout_contract::rejection::Rejection;
use holdout_evaluator::Evaluator;

use crate::align::{Aligned, align};
use crate::influence::{self, Exact, Influence, NoInterval};
use crate::intake::{Content, Limits};
use crate::judge::Judge;
use crate::metrics::compose::{self, AllScores, PartScore};
use crate::metrics::{NoMeasure, Rows, Undefined, Values, finite};
use crate::parallel;
use crate::ranks::{Mean, Rung};
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
pub fn score(solution: &Solution, submission: &Content, limits: &Limits) -> Result<Outcome, Rejection> {
    let aligned = align(solution, submission, limits)?;
    Ok(Outcome {
        scores: both_scores(solution, &aligned),
        n_rows: solution.n_rows() as u64,
        notices: aligned.notices,
    })
}

/// The scores of the public and of the private rows.
pub fn both_scores(solution: &Solution, aligned: &Aligned) -> Scores {
    let [public, private] = score_splits(solution, aligned, [Split::Public, Split::Private]);
    Scores { public, private }
}

/// As [`both_scores`], of several files: the same to the last bit. What is the same work for every file is done at once.
pub fn both_scores_of_all(solution: &Solution, files: &[&Aligned], evaluator: &Evaluator) -> Vec<Scores> {
    let parts = Parts::of(solution, [Split::Public, Split::Private]);
    let truths = solution.truths(parts.whole.clone());
    let predictions: Vec<_> = files.iter().map(|aligned| aligned.values(parts.whole.clone())).collect();
    let rows: Vec<Rows<'_>> = files
        .iter()
        .zip(&predictions)
        .map(|(aligned, predictions)| {
            rows_of(solution, parts.whole.clone(), &truths, predictions, aligned.n_classes)
        })
        .collect();
    let finished = |scores: Vec<Result<SplitScore, Undefined>>| {
        let [public, private] = parts.finished(scores.into_iter());
        Scores { public, private }
    };
    scores_of_files(solution.judge(), &rows, &parts.filled(), evaluator).into_iter().map(finished).collect()
}

/// The scores of several splits; what they share of the work is done once.
pub fn score_splits<const N: usize>(
    solution: &Solution,
    aligned: &Aligned,
    splits: [Split; N],
) -> [SplitScore; N] {
    let parts = Parts::of(solution, splits);
    let scores = with_rows(solution, aligned, parts.whole.clone(), |rows| {
        scores(solution.judge(), rows, &parts.filled())
    });
    parts.finished(scores.into_iter())
}

/// Splits as parts of the slots that they cover.
struct Parts<const N: usize> {
    whole: Range<usize>,
    parts: [Range<usize>; N],
}

impl<const N: usize> Parts<N> {
    fn of(solution: &Solution, splits: [Split; N]) -> Self {
        let ranges = splits.map(|split| solution.range(split));
        let whole = ranges.iter().map(|range| range.start).min().unwrap_or(0)
            ..ranges.iter().map(|range| range.end).max().unwrap_or(0);
        let parts = ranges.map(|range| range.start - whole.start..range.end - whole.start);
        Self { whole, parts }
    }

    fn filled(&self) -> Vec<Range<usize>> {
        self.parts.iter().filter(|part| !part.is_empty()).cloned().collect()
    }

    /// The scores of all splits, given those of the ones that have rows.
    fn finished(&self, mut scores: impl Iterator<Item = Result<SplitScore, Undefined>>) -> [SplitScore; N] {
        self.parts.clone().map(|part| {
            let score = if part.is_empty() { None } else { scores.next() };
            let score =
                score.unwrap_or_else(|| Err(Undefined::because("This split has no rows that count.")));
            score.unwrap_or_else(|Undefined(undefined)| SplitScore::Undefined { undefined })
        })
    }
}

/// The score of one split, or why there is none.
pub fn score_split(solution: &Solution, aligned: &Aligned, split: Split) -> SplitScore {
    let [score] = score_splits(solution, aligned, [split]);
    score
}

/// What a split's score is put together from; empty where it is one value, and where there is none.
pub fn part_scores(solution: &Solution, aligned: &Aligned, split: Split) -> Vec<PartScore> {
    let range = solution.range(split);
    if range.is_empty() {
        return Vec::new();
    }
    with_rows(solution, aligned, range, |rows| solution.judge().part_scores(rows)).unwrap_or_default()
}

/// What errors are measured by on the labels that count; no predictions are looked at.
pub fn measure(solution: &Solution) -> Option<Result<String, NoMeasure>> {
    let none = Aligned { predictions: Vec::new(), n_classes: 0, notices: Vec::new() };
    with_rows(solution, &none, solution.range(Split::All), |labels| solution.judge().measure(labels))
}

/// How much every unit of a split moves its score.
///
/// # Errors
/// [`NoInterval`]
pub fn influence_on(
    solution: &Solution,
    aligned: &Aligned,
    split: Split,
    exact: Exact<'_>,
) -> Result<Influence, NoInterval> {
    let range = solution.range(split);
    let clusters = solution.clusters(range.clone());
    with_rows(solution, aligned, range, |rows| {
        compose::with_primary(solution.judge(), rows, |judge, rows| match clusters {
            Some(clusters) => influence::influence_of_clusters(judge, rows, clusters, exact),
            None => influence::influence_or_replicates(judge, rows, exact),
        })
    })
}

/// As [`influence_on`], of every metric that teams are ranked by; turned so that lower is better.
///
/// # Errors
/// [`NoInterval`]
pub fn influence_of_parts_on(
    solution: &Solution,
    aligned: &Aligned,
    split: Split,
    exact: Exact<'_>,
) -> Result<Vec<Influence>, NoInterval> {
    let range = solution.range(split);
    let clusters = solution.clusters(range.clone());
    with_rows(solution, aligned, range, |rows| {
        influence::influence_of_parts(solution.judge(), rows, clusters, exact)
    })
}

/// How a score on these rows follows from every row alone; `None` where it does not, or where rows count differently.
pub fn mean_of_units(solution: &Solution, aligned: &Aligned, split: Split) -> Option<Mean> {
    let range = solution.range(split);
    if solution.clusters(range.clone()).is_some() {
        return None;
    }
    with_rows(solution, aligned, range, |rows| compose::with_primary(solution.judge(), rows, Mean::of))
}

/// How far a file must come on the public rows to be shown, beside the team's best released file.
pub fn rung(solution: &Solution, aligned: &Aligned, best: Option<&Aligned>) -> Rung {
    let public = solution.range(Split::Public);
    let clusters = solution.clusters(public.clone());
    with_rows(solution, aligned, public.clone(), |rows| match best {
        None => Rung::of(solution.judge(), rows, None, clusters),
        Some(best) => {
            with_rows(solution, best, public, |best| Rung::of(solution.judge(), rows, Some(best), clusters))
        }
    })
}

fn scores(judge: &Judge, rows: &Rows<'_>, parts: &[Range<usize>]) -> Vec<Result<SplitScore, Undefined>> {
    if !judge.shows_parts() {
        return judge.score_parts(rows, parts).into_iter().map(defined).collect();
    }
    parallel::each(parts, rows.len(), |part| {
        of_parts(rows.with_part(part.clone(), |rows| judge.part_scores(rows)))
    })
}

/// As [`scores`], of every file.
fn scores_of_files(
    judge: &Judge,
    rows: &[Rows<'_>],
    parts: &[Range<usize>],
    evaluator: &Evaluator,
) -> Vec<Vec<Result<SplitScore, Undefined>>> {
    if !judge.shows_parts() {
        let scores = judge.score_files(rows, parts, evaluator).into_iter();
        return scores.map(|of_file| of_file.into_iter().map(defined).collect()).collect();
    }
    let scores = judge.part_scores_of_files(rows, parts, evaluator).into_iter();
    scores.map(|of_file| of_file.into_iter().map(of_parts).collect()).collect()
}

fn of_parts(parts: AllScores) -> Result<SplitScore, Undefined> {
    Ok(SplitScore::OfParts { parts: parts?.iter().map(|part| part.score).collect() })
}

fn defined(score: Result<f64, Undefined>) -> Result<SplitScore, Undefined> {
    score.and_then(finite).map(SplitScore::Defined)
}

pub(crate) fn with_rows<T>(
    solution: &Solution,
    aligned: &Aligned,
    slots: Range<usize>,
    then: impl FnOnce(&Rows<'_>) -> T,
) -> T {
    let truths = solution.truths(slots.clone());
    let predictions = aligned.values(slots.clone());
    then(&rows_of(solution, slots, &truths, &predictions, aligned.n_classes))
}

pub(crate) fn rows_of<'a>(
    solution: &'a Solution,
    slots: Range<usize>,
    truths: &'a [Values<'a>],
    predictions: &'a [Values<'a>],
    n_classes: usize,
) -> Rows<'a> {
    Rows {
        truths,
        predictions,
        weights: solution.weights.as_ref().map(|weights| &weights[slots.clone()]),
        groups: solution.groups.as_ref().map(|groups| &groups[slots.clone()]),
        group_names: &solution.group_names,
        row_numbers: &solution.row_numbers[slots],
        n_classes,
        column_classes: &solution.column_classes,
        context: &solution.judge.context,
    }
}
