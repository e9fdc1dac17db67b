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
    rarer_class, rows_of_a_class,
};
use crate::judge::Judge;
use crate::metrics::gathered::Gathered;
use crate::metrics::{Draws, Rows, Values, compose};
use crate::parallel;

/// Imagined contests.
const N_REPLICATES: usize = 2000;
/// Of many rows, whose scores take longer.
const FEWEST_REPLICATES: usize = 400;
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

impl Exact<'_> {
    /// As many draws of so many rows for every file; `None` where even few would take too long.
    pub(super) fn draw(&self, n_rows: usize) -> Option<Draw> {
        let n_replicates = (MOST_WORK / n_rows.max(1)).min(N_REPLICATES);
        (n_replicates >= FEWEST_REPLICATES).then_some(Draw { version: self.version, n_replicates })
    }
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
        None => replicates(judge, rows, exact)?.ok_or(refused),
    })
}

pub(super) fn too_many() -> NoInterval {
    let most = MOST_WORK / FEWEST_REPLICATES;
    NoInterval(format!(
        "A score of more than {most} rows cannot be computed anew often enough for an interval under this metric."
    ))
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
            return Some(Self { n, least: FEWEST_EXACT_OF_A_CLASS, what: rows_of_a_class(judge) });
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

/// `None` inside for a metric of which nothing is known.
fn replicates(judge: &Judge, rows: &Rows<'_>, exact: Exact<'_>) -> Result<Option<Influence>, NoInterval> {
    if judge.is_ranked() {
        return Ok(None);
    }
    // What one row decides has no spread that replicates would show.
    if !is_bent(judge) && composed(judge.metric, &judge.params, rows).is_none() {
        return Ok(None);
    }
    let all = Draw { version: exact.version, n_replicates: N_REPLICATES };
    if let Some(scores) = of_curve(judge, rows, exact.evaluator, all) {
        return Ok(deviations(scores, Unit::Row, rows.len()));
    }
    if has_groups(judge) {
        return Ok(of_groups(judge, rows, exact.evaluator, all));
    }
    let draw = exact.draw(rows.len()).ok_or_else(too_many)?;
    let scores = of_metric(judge, rows, draw, |row| row as u32);
    Ok(scores.and_then(|scores| deviations(scores, Unit::Row, rows.len())))
}

/// Of a metric that averages groups.
fn of_groups(judge: &Judge, rows: &Rows<'_>, evaluator: &Evaluator, draw: Draw) -> Option<Influence> {
    let mean = means::mean_over_groups(judge.metric, &judge.params, rows)?;
    let columns = mean.columns();
    let Ok(means) = evaluator.means(&columns.each_ref().map(Vec::as_slice), draw);
    let score = |at: usize| mean.score_of_draw([means[0][at], means[1][at], means[2][at]]);
    deviations((0..draw.n_replicates).map(score).collect(), Unit::Group, columns[0].len())
}

/// Of the metrics that are areas under a curve of one ranking.
fn of_curve(judge: &Judge, rows: &Rows<'_>, evaluator: &Evaluator, draw: Draw) -> Option<Vec<f64>> {
    let name = judge.metric.about().name;
    let is_curve = ["roc_auc", "gini_auc", "average_precision"].contains(&name);
    if has_groups(judge) || rows.weights.is_some() || !is_curve || !judge.is_one_metric() {
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

/// So many replicates of a score of rows by the evaluator alone; `None` for metrics that it does not replicate.
pub fn replicates_of(judge: &Judge, rows: &Rows<'_>, evaluator: &Evaluator, draw: Draw) -> Option<Vec<f64>> {
    if judge.metric.about().name != "rmse" || !judge.is_one_metric() || rows.weights.is_some() {
        return of_curve(judge, rows, evaluator, draw);
    }
    let ([Values::Numbers(truth)], [Values::Numbers(predicted)]) = (rows.truths, rows.predictions) else {
        return None;
    };
    let squares: Vec<f64> = truth.iter().zip(*predicted).map(|(a, b)| (a - b) * (a - b)).collect();
    let Ok(found) = evaluator.means(&[&squares], draw);
    Some(found.concat().into_iter().map(f64::sqrt).collect())
}

/// Of any metric without groups; `unit_of` a row is drawn with the whole unit.
pub(super) fn of_metric(
    judge: &Judge,
    rows: &Rows<'_>,
    draw: Draw,
    unit_of: impl Fn(usize) -> u32 + Sync,
) -> Option<Vec<f64>> {
    let times = |replicate: usize| -> Vec<u8> {
        (0..rows.len()).map(|row| draw.weight(replicate as u32, unit_of(row))).collect()
    };
    let draws = Draws { n_draws: draw.n_replicates, times: &times };
    if judge.is_one_metric()
        && let Some(scores) = judge.metric.scores_of_draws(rows, &judge.params, &draws)
    {
        return Some(scores);
    }
    let of_draw: fn(&Judge, &Rows<'_>, &[u8]) -> f64 = if reads_weights(judge) {
        of_weights
    } else if has_groups(judge) {
        return None;
    } else {
        of_copies
    };
    let n_items = draws.n_draws * rows.len();
    Some(parallel::map(draws.n_draws, n_items, |replicate| of_draw(judge, rows, &times(replicate))))
}

fn reads_weights(judge: &Judge) -> bool {
    let parts = compose::parts(&judge.params);
    match parts.is_empty() {
        true => judge.metric.laws().has_weights,
        false => parts.iter().all(|part| part.metric.laws().has_weights),
    }
}

fn of_weights(judge: &Judge, rows: &Rows<'_>, times: &[u8]) -> f64 {
    let weights: Vec<f64> =
        times.iter().enumerate().map(|(row, times)| rows.weight(row) * f64::from(*times)).collect();
    judge.score(&Rows { weights: Some(&weights), ..*rows }).unwrap_or(f64::NAN)
}

fn of_copies(judge: &Judge, rows: &Rows<'_>, times: &[u8]) -> f64 {
    let rows_of_draw: Vec<u32> =
        (0_u32..).zip(times).flat_map(|(row, times)| std::iter::repeat_n(row, (*times).into())).collect();
    Gathered::new(rows, &rows_of_draw).with_rows(rows, |rows| judge.score(rows).unwrap_or(f64::NAN))
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
