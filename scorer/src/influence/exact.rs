//! Scores under the weights of the Poisson bootstrap, where units are too few for a linear form or the metric has
//! none that would do: what a score is in each of many imagined contests. All teams of a version meet the same
//! contests.
//!
//! A deviation of each replicate stands where a unit's influence stands otherwise, scaled so that sums of
//! products over replicates are what they would be over units: whatever follows from influence values follows
//! from these.

use holdout_evaluator::{Draw, Evaluator, Ranking, Suite};

use super::{
    FEWEST_OF_A_CLASS, FEWEST_UNITS, Influence, NoInterval, Unit, composed, influence, is_bent, means,
    rarer_class,
};
use crate::judge::Judge;
use crate::metrics::{Rows, Values, compose};
use crate::parallel;

/// Imagined contests.
pub(super) const N_REPLICATES: usize = 2000;
/// Fewer say nothing in any way.
const FEWEST_EXACT_UNITS: usize = 10;
const FEWEST_EXACT_OF_A_CLASS: usize = 5;
/// Of a metric that is asked for every replicate: rows times replicates.
const MOST_WORK: usize = 100_000_000;

/// With what replicates are computed, and of which version.
#[derive(Clone, Copy)]
pub struct Exact<'a> {
    pub evaluator: &'a Evaluator,
    pub version: u64,
}

/// The influence of every unit, or, where units are few or the score bends with them, the deviations of exact
/// replicates.
///
/// # Errors
/// [`NoInterval`] for a metric of which nothing is known, and for very few units.
pub fn influence_or_replicates(
    judge: &Judge,
    rows: &Rows<'_>,
    exact: Exact<'_>,
) -> Result<Influence, NoInterval> {
    let linear = influence(judge, rows);
    let few = Few::of(judge, rows);
    if few.is_none() && !is_bent(judge) {
        return linear;
    }
    linear.or_else(|refused| match few.as_ref().and_then(Few::refusal) {
        Some(refusal) => Err(refusal),
        None => replicates(judge, rows, exact).ok_or(refused),
    })
}

/// What there is too little of for a linear form.
struct Few {
    n: usize,
    least: usize,
    what: &'static str,
}

impl Few {
    fn of(judge: &Judge, rows: &Rows<'_>) -> Option<Self> {
        let n_of_class = rarer_class(judge, rows).filter(|n| *n < FEWEST_OF_A_CLASS);
        if let Some(n) = n_of_class {
            return Some(Self { n, least: FEWEST_EXACT_OF_A_CLASS, what: "rows of a class" });
        }
        let n_groups = rows.groups.filter(|_| has_groups(judge)).map(count_groups);
        let (n, what) = n_groups.map_or((rows.len(), "rows"), |n| (n, "groups"));
        (n < FEWEST_UNITS).then_some(Self { n, least: FEWEST_EXACT_UNITS, what })
    }

    fn refusal(&self) -> Option<NoInterval> {
        let Self { n, least, what } = self;
        (n < least)
            .then(|| NoInterval(format!("With fewer than {least} {what}, an interval would say nothing.")))
    }
}

fn has_groups(judge: &Judge) -> bool {
    judge.metric.needs_groups() || compose::is_by_group(&judge.params)
}

fn count_groups(groups: &[u32]) -> usize {
    let mut groups = groups.to_vec();
    groups.sort_unstable();
    groups.dedup();
    groups.len()
}

fn replicates(judge: &Judge, rows: &Rows<'_>, exact: Exact<'_>) -> Option<Influence> {
    // Weights of a solution are no numbers of rows.
    if rows.weights.is_some() || judge.is_ranked() {
        return None;
    }
    // What one row decides has no spread that replicates would show.
    if !is_bent(judge) {
        composed(judge.metric, &judge.params, rows)?;
    }
    let draw = Draw { version: exact.version, n_replicates: N_REPLICATES };
    if judge.is_one_metric() || has_groups(judge) {
        if let Some(scores) = of_curve(judge, rows, exact.evaluator, draw) {
            return deviations(scores, Unit::Row, rows.len());
        }
        if has_groups(judge) {
            let mean = means::mean_over_groups(judge.metric, &judge.params, rows)?;
            let Ok(means) = exact.evaluator.means(&[&mean.influence], draw);
            let moved = means.concat().into_iter().map(|value| mean.moved(value)).collect();
            return deviations(moved, Unit::Group, mean.influence.len());
        }
    }
    deviations(of_metric(judge, rows, draw, |row| row as u32)?, Unit::Row, rows.len())
}

/// Of the metrics that are areas under a curve of one ranking.
fn of_curve(judge: &Judge, rows: &Rows<'_>, evaluator: &Evaluator, draw: Draw) -> Option<Vec<f64>> {
    let name = judge.metric.about().name;
    if has_groups(judge) || !["roc_auc", "gini_auc", "average_precision"].contains(&name) {
        return None;
    }
    let ([Values::Numbers(truth)], [Values::Numbers(scores)]) = (rows.truths, rows.predictions) else {
        return None;
    };
    let is_positive: Vec<bool> = truth.iter().map(|truth| *truth == 1.0).collect();
    let ranking = Ranking::of(&is_positive, scores);
    let Ok(found) = match name {
        "average_precision" => evaluator.average_precision(&[&ranking], draw),
        _ => evaluator.roc_auc(&[&ranking], draw),
    };
    let scale = if name == "gini_auc" { 2.0 } else { 1.0 };
    Some(found.concat().into_iter().map(|area| scale * area).collect())
}

/// Of any metric that reads weights; `unit_of` a row is drawn with the whole unit.
pub(super) fn of_metric(
    judge: &Judge,
    rows: &Rows<'_>,
    draw: Draw,
    unit_of: impl Fn(usize) -> u32 + Sync,
) -> Option<Vec<f64>> {
    let parts = compose::parts(&judge.params);
    let reads_weights = if parts.is_empty() {
        judge.metric.laws().has_weights
    } else {
        parts.iter().all(|part| part.metric.laws().has_weights)
    };
    let n_items = draw.n_replicates * rows.len();
    if !reads_weights || n_items > MOST_WORK {
        return None;
    }
    Some(parallel::map(draw.n_replicates, n_items, |replicate| {
        let weight = |row| f64::from(draw.weight(replicate as u32, unit_of(row)));
        let weights: Vec<f64> = (0..rows.len()).map(weight).collect();
        judge.score(&Rows { weights: Some(&weights), ..*rows }).unwrap_or(f64::NAN)
    }))
}

/// Of the replicates that have a score; `None` where most have none.
pub(super) fn deviations(scores: Vec<f64>, unit: Unit, n_units: usize) -> Option<Influence> {
    let n = scores.len();
    let n_defined = scores.iter().filter(|score| score.is_finite()).count();
    if 2 * n_defined < n {
        return None;
    }
    let defined = |at: usize| if scores[at].is_finite() { scores[at] } else { 0.0 };
    let mean = crate::kernels::sum(n, defined) / n_defined as f64;
    let scale = n as f64 / (n_defined as f64).sqrt();
    let deviation = |score: &f64| if score.is_finite() { scale * (score - mean) } else { 0.0 };
    Some(Influence { values: scores.iter().map(deviation).collect(), unit, n_units })
}
