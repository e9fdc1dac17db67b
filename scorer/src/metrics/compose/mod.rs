//! Composition over the catalogue: one metric on several columns, in every group, or several metrics
//! in one weighted sum, ranked side by side, or one that ranks with others beside it. A metric knows nothing of it; whoever judges asks here
//! instead of the metric.
//!
//! Columns are inside groups: a group's value is the mean over its columns.

mod by_primary;
mod columns;
mod over_groups;
mod parts;
mod ranks;
mod secondary;
mod sum;

use std::borrow::Cow;

use holdout_contract::spec::{Cell, Direction, Layout};

use super::{Files, Metric, NoMeasure, Params, PartScores, Rows, Undefined, Values, find};
use crate::judge::{Context, Judge};
use crate::misfit::Misfits;

pub use parts::{AllScores, Part};
pub use ranks::MEAN_RANK;
pub use secondary::SECONDARY;
pub use sum::{LOWER, WEIGHTED};

/// A metric that stands by itself, taken out of others.
pub(crate) struct Alone {
    /// With what tells it from the others: `rmse`, `rmse of price`.
    pub name: String,
    pub metric: &'static dyn Metric,
    pub params: Params,
    /// The truth columns that it reads, of those that all read.
    pub truths: Vec<usize>,
}

/// The value of one of the metrics that a metric is put together from.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PartScore {
    pub metric: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    pub weight: f64,
    pub score: f64,
}

/// Refuses parameters that fit one by one and not together.
///
/// # Errors
/// A sentence for the host.
pub fn check(metric: &dyn Metric, params: &Params) -> Result<(), String> {
    columns::check(params)?;
    if params.value("parts").is_none() {
        return Ok(());
    }
    parts::check_weights(params, !has_secondary(metric))?;
    let parts = parts::read(params)?;
    match () {
        () if is_ranked(metric) => ranks::check(&parts),
        () if has_secondary(metric) => secondary::check(&parts),
        () => sum::check(metric.about().direction, &parts),
    }
}

/// The metrics that are put together from others.
fn of_parts() -> impl Iterator<Item = &'static dyn Metric> {
    [&WEIGHTED as &dyn Metric, &LOWER, &MEAN_RANK, &SECONDARY].into_iter()
}

/// Whether teams are ranked by every part, not by one score.
pub fn is_ranked(metric: &dyn Metric) -> bool {
    metric.about().name == MEAN_RANK.about().name
}

/// Whether teams are ranked by the first part, and the others shown beside it.
pub fn has_secondary(metric: &dyn Metric) -> bool {
    metric.about().name == SECONDARY.about().name
}

/// Whether a board shows the value of every part.
pub fn shows_parts(metric: &dyn Metric) -> bool {
    is_ranked(metric) || has_secondary(metric)
}

/// The metric that ranks, where others are shown beside it, with all of them.
fn primary(metric: &dyn Metric, params: &Params) -> Option<(Part, Vec<Part>)> {
    let parts = if has_secondary(metric) { parts(params) } else { Vec::new() };
    Some((parts.first()?.clone(), parts))
}

/// Does some work with what alone ranks a submission: the metric, and the rows as it reads them.
pub(crate) fn with_primary<T>(judge: &Judge, rows: &Rows<'_>, work: impl Fn(&Judge, &Rows<'_>) -> T) -> T {
    let alone = primary(judge.metric, &judge.params).and_then(|(primary, parts)| {
        let judge = primary.judge(&judge.context);
        with_rows_of(&primary, &parts, rows, |rows| Some(work(&judge, rows)))
    });
    alone.unwrap_or_else(|| work(judge, rows))
}

/// The direction of a submission's own score.
pub fn direction(metric: &dyn Metric, params: &Params) -> Direction {
    match parts(params).first() {
        Some(primary) if shows_parts(metric) => primary.metric.about().direction,
        _ => metric.about().direction,
    }
}

/// The columns that solution and submission have.
pub fn layout(metric: &dyn Metric, params: &Params) -> Layout {
    let parts = parts(params);
    if !parts.is_empty() {
        return parts::layout(&parts).unwrap_or_else(|_| metric.layout(params));
    }
    columns::layout(metric.layout(params), params)
}

/// Whether the solution must name a group for every row.
pub fn needs_groups(metric: &dyn Metric, params: &Params) -> bool {
    metric.needs_groups()
        || over_groups::is_wanted(params)
        || parts(params).iter().any(|part| needs_groups(part.metric, &part.params))
}

/// A column or class that the parameters name; else the one that its parts name.
pub fn shared_text(params: &Params, key: &str) -> Option<String> {
    let own = params.text(key).map(str::to_owned);
    own.or_else(|| parts(params).iter().find_map(|part| part.params.text(key).map(str::to_owned)))
}

/// What a prediction cell must hold where several 0/1 columns are predicted.
pub fn prediction_cell(metric: &dyn Metric, params: &Params) -> Cell {
    let cells = parts(params).into_iter().map(|part| prediction_cell(part.metric, &part.params));
    cells.reduce(|a, b| parts::stricter(a, b).unwrap_or(a)).unwrap_or_else(|| metric.prediction_cell())
}

/// The score of a perfect submission, where there is one.
pub fn best(metric: &dyn Metric, params: &Params) -> Option<f64> {
    let parts = parts(params);
    if parts.is_empty() || shows_parts(metric) {
        return parts.first().map_or(metric.about().best, |primary| primary.metric.about().best);
    }
    parts.iter().map(|part| Some(part.weight * best(part.metric, &part.params)?)).sum()
}

/// The prediction columns of a perfect submission, where truth and prediction columns differ.
pub fn perfect(metric: &dyn Metric, params: &Params, truths: &[&[f64]]) -> Option<Vec<Vec<f64>>> {
    if has_same_columns(params) {
        return Some(truths.iter().map(|truth| truth.to_vec()).collect());
    }
    let parts = parts(params);
    match parts.first() {
        Some(first) => perfect(first.metric, &first.params, truths),
        None => metric.perfect(truths, params),
    }
}

/// Whether solution and submission have columns of the same names and meaning, chosen by the host.
pub fn has_same_columns(params: &Params) -> bool {
    let parts = parts(params);
    if parts.is_empty() {
        return params.text("columns").is_some();
    }
    parts.iter().all(|part| has_same_columns(&part.params))
}

/// Whether the metric, or every part of it, can be computed in this competition.
///
/// # Errors
/// A sentence for the host: what is missing.
pub fn fits(metric: &dyn Metric, params: &Params, context: &Context) -> Result<(), String> {
    metric.fits(params, context)?;
    parts(params).iter().try_for_each(|part| fits(part.metric, &part.params, context))
}

/// Rows whose cells, well-formed as they are, cannot belong to them.
pub fn misfits(
    metric: &dyn Metric,
    params: &Params,
    truths: &[Values<'_>],
    predictions: &[Values<'_>],
) -> Option<Misfits> {
    let parts = parts(params);
    if parts.is_empty() {
        metric.misfits(truths, predictions, params)
    } else {
        parts::misfits(&parts, truths, predictions)
    }
}

/// What errors are measured by on these labels, where the metric or a part of it has something to say: the
/// first reason why there is no measure, or the first remark.
pub fn measure(metric: &dyn Metric, params: &Params, labels: &Rows<'_>) -> Option<Result<String, NoMeasure>> {
    let parts = parts(params);
    let found = if parts.is_empty() { vec![metric.measure(labels)] } else { parts::measures(&parts, labels) };
    let found: Vec<_> = found.into_iter().flatten().collect();
    found.iter().find(|measure| measure.is_err()).or(found.first()).cloned()
}

/// The cell of a perfect submission where the truth is this text.
pub fn perfect_text<'a>(metric: &dyn Metric, params: &Params, truth: &'a str) -> Cow<'a, str> {
    match parts(params).first() {
        Some(first) => first.metric.perfect_text(truth),
        None => metric.perfect_text(truth),
    }
}

/// The score of these rows.
///
/// # Errors
/// [`Undefined`] where the metric has no value on a column, a group or a part.
pub fn score(metric: &dyn Metric, params: &Params, rows: &Rows<'_>) -> Result<f64, Undefined> {
    let direction = metric.about().direction;
    over_groups::score(params, direction, rows, |rows| columns::score(metric, params, rows))
}

/// As [`score`], of several files and of parts of their rows, the same to the last bit.
pub fn score_files(metric: &dyn Metric, files: &Files<'_>) -> Vec<PartScores> {
    over_groups::score_files(metric, files, |files| columns::score_files(metric, files))
}

/// Whether there is work that is the same for several files and done at once: the metric's own, or that of one of its
/// parts.
pub fn is_together(metric: &dyn Metric, params: &Params) -> bool {
    let parts = parts(params);
    if parts.is_empty() {
        return metric.together().is_some();
    }
    parts.iter().any(|part| is_together(part.metric, &part.params))
}

/// The value of every part; none for metrics that have no parts.
///
/// # Errors
/// [`Undefined`] where a part has none.
pub fn part_scores(params: &Params, rows: &Rows<'_>) -> AllScores {
    parts::scores(&parts(params), rows)
}

/// As [`part_scores`], of several files and of parts of their rows, the same to the last bit.
pub fn part_scores_of_files(files: &Files<'_>) -> Vec<Vec<AllScores>> {
    parts::scores_of_files(&parts(files.params), files)
}

/// The score of a perfect submission under every part, where there is one.
pub fn bests(params: &Params) -> Vec<Option<f64>> {
    parts(params).iter().map(|part| best(part.metric, &part.params)).collect()
}

/// The metrics that a metric is put together from; none where it stands alone.
pub fn parts(params: &Params) -> Vec<Part> {
    // Checked when the parameters were read.
    if params.value("parts").is_some() { parts::read(params).unwrap_or_default() } else { Vec::new() }
}

/// Every part by itself; none where a metric has no parts.
pub(crate) fn alone(params: &Params, n_truths: usize) -> Vec<Alone> {
    let parts = parts(params);
    let Ok(all) = parts::layout(&parts) else { return Vec::new() };
    let alone = |part: &Part| {
        let truths = parts::truths_of(part, &all, n_truths);
        let column = part.params.text("columns").map(|column| format!(" of {column}")).unwrap_or_default();
        let name = format!("{}{column}", part.name);
        match of_one_column(part.metric, &part.params) {
            Some(found) => Alone { name, truths: vec![truths[found.truths[0]]], ..found },
            None => Alone { name, metric: part.metric, params: part.params.clone(), truths },
        }
    };
    parts.iter().map(alone).collect()
}

/// A metric without the name of the one column that it is to judge; `None` where its parameters name several or none.
pub(crate) fn of_one_column(metric: &'static dyn Metric, params: &Params) -> Option<Alone> {
    let [(0, _)] = columns_of(params).as_slice() else { return None };
    let mut given = params.as_map().clone();
    given.retain(|key, _| !key.starts_with("column"));
    let (metric, params) = find(metric.about().name, &given).ok()?;
    Some(Alone { name: metric.about().name.to_owned(), metric, params, truths: vec![0] })
}

/// Does some work with the rows as one of the parts reads them.
pub(crate) fn with_rows_of<T>(
    part: &Part,
    parts: &[Part],
    rows: &Rows<'_>,
    work: impl FnOnce(&Rows<'_>) -> Option<T>,
) -> Option<T> {
    let all = parts::layout(parts).ok()?;
    parts::with_rows(part, &all, rows, work)
}

/// Whether a metric is computed in every group apart.
pub(crate) fn is_by_group(params: &Params) -> bool {
    over_groups::is_wanted(params)
}

/// The columns that the host named, each with its share of the whole; none where one column is judged.
pub(crate) fn columns_of(params: &Params) -> Vec<(usize, f64)> {
    columns::shares(params)
}

/// The worse of two scores.
fn worse(direction: Direction, a: f64, b: f64) -> f64 {
    match direction {
        Direction::HigherIsBetter => a.min(b),
        Direction::LowerIsBetter => a.max(b),
    }
}
