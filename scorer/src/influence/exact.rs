//! Scores under the weights of the Poisson bootstrap, where units are too few for a linear form or the metric has
//! none that would do: what a score is in each of many imagined contests. All teams of a version meet the same
//! contests.
//!
//! A deviation of each replicate stands where a unit's influence stands otherwise, scaled so that sums of
//! products over replicates are what they would be over units: whatever follows from influence values follows
//! from these.

use holdout_evaluator::{Draw, Evaluator, Ranking, Suite};

use super::{
    FEWEST_EXACT_OF_A_CLASS, FEWEST_OF_A_CLASS, FEWEST_UNITS, Influence, NoInterval, Rarest, Unit,
    averages_groups, cells, composed, influence, is_bent, means, unknown,
};
use crate::judge::Judge;
use crate::metrics::gathered::Gathered;
use crate::metrics::{Draws, Metric, Params, Rows, Values, compose};

/// Imagined contests.
const N_REPLICATES: usize = 2000;
/// Of many rows, whose scores take longer.
const FEWEST_REPLICATES: usize = 400;
/// Fewer say nothing in any way.
const FEWEST_EXACT_UNITS: usize = 10;
/// Rows times replicates, where there are more than the fewest.
const MOST_WORK: usize = 100_000_000;
/// Rows of a metric that looks at the rows of each replicate from the start.
const MOST_ROWS_ANEW: usize = MOST_WORK / FEWEST_REPLICATES;

/// With what replicates are computed, and of which version.
#[derive(Clone, Copy)]
pub struct Exact<'a> {
    pub evaluator: &'a Evaluator,
    pub version: u64,
}

impl Exact<'_> {
    /// As many draws of so many rows for every file.
    pub(super) fn draw(&self, n_rows: usize) -> Draw {
        let n_replicates = (MOST_WORK / n_rows.max(1)).clamp(FEWEST_REPLICATES, N_REPLICATES);
        Draw { version: self.version, n_replicates }
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

fn too_many() -> NoInterval {
    NoInterval(format!(
        "A score of more than {MOST_ROWS_ANEW} rows cannot be computed anew often enough for an interval under this metric."
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
        if let Some(Rarest { n, what }) = Rarest::of(judge, rows, None).filter(|it| it.n < FEWEST_OF_A_CLASS)
        {
            return Some(Self { n, least: FEWEST_EXACT_OF_A_CLASS, what });
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

pub(super) fn has_groups(judge: &Judge) -> bool {
    averages_groups(judge.metric) || compose::is_by_group(&judge.params)
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
    let draws = Draws::of_rows(exact.draw(rows.len()));
    let scores = of_metric(judge.metric, &judge.params, rows, &draws)?;
    Ok(scores.and_then(|scores| deviations(scores, Unit::Row, rows.len())))
}

/// Deviations of replicates of the same draws whatever the metric, as long as it reads rows.
///
/// # Errors
/// [`NoInterval`] for a metric of which nothing is known, and for too many rows.
pub(super) fn replicates_of_rows(
    judge: &Judge,
    rows: &Rows<'_>,
    exact: Exact<'_>,
) -> Result<Influence, NoInterval> {
    if !is_bent(judge) && composed(judge.metric, &judge.params, rows).is_none() {
        return Err(unknown(judge));
    }
    let scores = of_metric(judge.metric, &judge.params, rows, &Draws::of_rows(exact.draw(rows.len())))?;
    scores.and_then(|scores| deviations(scores, Unit::Row, rows.len())).ok_or_else(|| unknown(judge))
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

/// A score of every draw; `None` where groups are averaged.
type Found = Result<Option<Vec<f64>>, NoInterval>;

/// Of a metric as a competition uses it.
///
/// # Errors
/// [`NoInterval`] where there are too many rows for it.
pub(super) fn of_metric(metric: &dyn Metric, params: &Params, rows: &Rows<'_>, draws: &Draws<'_>) -> Found {
    let parts = compose::parts(params);
    if !parts.is_empty() {
        return weighted_sum(parts.iter().map(|part| {
            let scores = compose::with_rows_of(part, &parts, rows, |rows| {
                Some(of_metric(part.metric, &part.params, rows, draws))
            });
            (scores.unwrap_or(Ok(None)), part.weight)
        }));
    }
    if averages_groups(metric) || compose::is_by_group(params) {
        return Ok(None);
    }
    let columns = compose::columns_of(params);
    if columns.is_empty() {
        return of_table(metric, params, rows, draws).map(Some);
    }
    weighted_sum(columns.iter().map(|(column, weight)| {
        (of_table(metric, params, &rows.with_column(*column), draws).map(Some), *weight)
    }))
}

fn weighted_sum(parts: impl Iterator<Item = (Found, f64)>) -> Found {
    let mut total: Option<Vec<f64>> = None;
    for (part, weight) in parts {
        let Some(part) = part? else { return Ok(None) };
        let mut sum = total.unwrap_or_else(|| vec![0.0; part.len()]);
        sum.iter_mut().zip(part).for_each(|(sum, score)| *sum += weight * score);
        total = Some(sum);
    }
    Ok(total)
}

/// Of one metric of one table, by what is known once of its rows where that is enough.
fn of_table(
    metric: &dyn Metric,
    params: &Params,
    rows: &Rows<'_>,
    draws: &Draws<'_>,
) -> Result<Vec<f64>, NoInterval> {
    if let Some(scores) = metric.scores_of_draws(rows, params, draws) {
        return Ok(scores);
    }
    let reads_weights = metric.laws().has_weights;
    let per_row = metric.per_row().filter(|_| reads_weights || metric.groups_are_classes());
    if let Some(per_row) = per_row {
        return Ok(per_row.scores_of_row_draws(rows, params, draws));
    }
    let by_cell = if reads_weights { cells::scores_of_draws(metric, params, rows, draws) } else { None };
    if let Some(scores) = by_cell {
        return Ok(scores);
    }
    if rows.len() > MOST_ROWS_ANEW {
        return Err(too_many());
    }
    Ok(draws.scores(rows.len(), |times| {
        if reads_weights {
            metric.score(&Rows { weights: Some(&rows.drawn_weights(times)), ..*rows }, params)
        } else {
            with_copies(rows, times, |rows| metric.score(rows, params))
        }
    }))
}

fn with_copies<T>(rows: &Rows<'_>, times: &[u8], work: impl Fn(&Rows<'_>) -> T) -> T {
    let rows_of_draw: Vec<u32> =
        (0_u32..).zip(times).flat_map(|(row, times)| std::iter::repeat_n(row, (*times).into())).collect();
    Gathered::new(rows, &rows_of_draw).with_rows(rows, work)
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
