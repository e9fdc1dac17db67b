//! How much every row moves a score: its *influence value*, `n` times the derivative of the score by the
//! row's weight. Scores near each other differ by the mean of their influence values' difference, so that
//! standard errors, comparisons and rank ranges of any metric follow from sums of products of these values.
//!
//! Where a metric averages groups, the group is the unit, since rows of one group come together.
//!
//! A formula is asked first ([`formulas`]); then whether the metric *is* a mean of what its units come to
//! alone ([`means`]); then how the score answers to the weight of equal rows ([`cells`]). What none of the
//! three can tell has no interval, and nothing is guessed. Where units are few, and where a score bends with its
//! rows ([`BENT`]), it is not near such a sum, and replicates under weights take the place of the units ([`exact`]).
//!
//! Where the host declared that rows come together, the sum of a cluster stands for its rows ([`clusters`]).
//!
//! Influence values follow from labels, so they are as secret as the solution.

mod cells;
mod clusters;
mod curve;
mod exact;
mod formulas;
mod means;
mod pairs;
mod shifting;
mod sums;

use std::collections::HashMap;

use holdout_contract::spec::Task;

use crate::judge::Judge;
use crate::metrics::{Metric, Params, Rows, Values, compose};
pub use clusters::{by_cluster, influence_of_clusters};
pub use exact::{Exact, influence_or_replicates};
pub use sums::Sums;

/// Fewer units say too little about how much they vary.
const FEWEST_UNITS: usize = 30;
/// Fewer rows of the rarer of two classes, too.
const FEWEST_OF_A_CLASS: usize = 20;

/// Metrics that are read off where something is largest, where two curves meet, or where a gap turns its sign. What
/// one row moves says little of them: which place it is, is chance itself.
const BENT: [&str; 4] = ["eer", "ks_statistic", "min_dcf", "ece"];

/// What is drawn anew when a contest is imagined again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Row,
    Group,
}

/// A value for every unit, in the order of the solution's rows or of its groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Influence {
    pub unit: Unit,
    pub values: Vec<f64>,
    /// As many as values, unless those are of replicates.
    pub n_units: usize,
}

impl Influence {
    fn of_rows(values: Vec<f64>) -> Self {
        Self { n_units: values.len(), unit: Unit::Row, values }
    }

    /// How far the score would typically move with another draw of as many units.
    pub fn standard_error(&self) -> f64 {
        let squares = crate::kernels::sum(self.values.len(), |at| self.values[at].powi(2));
        squares.sqrt() / self.values.len() as f64
    }

    /// Adds another influence times a weight; `None` where the two count different units.
    pub(crate) fn plus(mut self, other: &Self, weight: f64) -> Option<Self> {
        if self.unit != other.unit || self.values.len() != other.values.len() {
            return None;
        }
        self.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += weight * value);
        Some(self)
    }
}

/// Why no interval is shown, as a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoInterval(pub String);

/// The influence of every unit, however few there are: the first term of how the score moves. `None` for a
/// metric of which no influence is known.
pub fn linear(judge: &Judge, rows: &Rows<'_>) -> Option<Influence> {
    composed(judge.metric, &judge.params, rows)
        .filter(|found| found.values.iter().all(|value| value.is_finite()))
}

/// The influence of every unit on the score of these rows.
///
/// # Errors
/// [`NoInterval`] for a metric of which no influence is known, and for too few units.
pub fn influence(judge: &Judge, rows: &Rows<'_>) -> Result<Influence, NoInterval> {
    refuse_rare_class(judge, rows)?;
    let found =
        linear(judge, rows).ok_or_else(|| NoInterval("For this metric no interval is known.".to_owned()))?;
    if found.values.len() < FEWEST_UNITS {
        let unit = if found.unit == Unit::Row { "rows" } else { "groups" };
        return Err(NoInterval(format!(
            "With fewer than {FEWEST_UNITS} {unit}, an interval would say nothing."
        )));
    }
    Ok(found)
}

/// A curve or a rate of few positives is not near its linear form.
fn refuse_rare_class(judge: &Judge, rows: &Rows<'_>) -> Result<(), NoInterval> {
    if rarer_class(judge, rows).is_none_or(|n| n >= FEWEST_OF_A_CLASS) {
        return Ok(());
    }
    Err(NoInterval(format!(
        "With fewer than {FEWEST_OF_A_CLASS} rows of a class, an interval would say nothing."
    )))
}

/// The rows of the rarest class of any truth, where truths are classes.
fn rarer_class(judge: &Judge, rows: &Rows<'_>) -> Option<usize> {
    let is_of_classes =
        matches!(judge.metric.about().task, Task::BinaryProbability | Task::Labels | Task::Multilabel);
    if !is_of_classes {
        return None;
    }
    rows.truths.iter().map(rarer_of_two).min()
}

/// Of a column with two values, how often the rarer occurs; of any other, all its rows.
fn rarer_of_two(truth: &Values<'_>) -> usize {
    let mut counts: HashMap<u64, usize, foldhash::fast::FixedState> = HashMap::default();
    for at in 0..truth.len() {
        let value = match truth {
            Values::Numbers(numbers) => crate::kernels::order_key(numbers[at]),
            Values::Codes(codes) => u64::from(codes[at]),
            Values::Texts { .. } => return truth.len(),
        };
        *counts.entry(value).or_default() += 1;
        if counts.len() > 2 {
            return truth.len();
        }
    }
    counts.values().min().copied().unwrap_or_default()
}

/// Of a metric as a competition uses it: of several parts, on several columns, in every group.
fn composed(metric: &dyn Metric, params: &Params, rows: &Rows<'_>) -> Option<Influence> {
    if compose::is_ranked(metric) {
        return None; // a mean of ranks follows from everybody's scores
    }
    let parts = compose::parts(params);
    if !parts.is_empty() {
        return weighted_sum(parts.iter().map(|part| {
            let influence =
                compose::with_rows_of(part, &parts, rows, |rows| composed(part.metric, &part.params, rows));
            (influence, part.weight)
        }));
    }
    if compose::is_by_group(params) {
        return means::over_groups(metric, params, rows);
    }
    let columns = compose::columns_of(params);
    if columns.is_empty() {
        return single(metric, params, rows);
    }
    weighted_sum(
        columns.iter().map(|(column, weight)| (single(metric, params, &rows.with_column(*column)), *weight)),
    )
}

fn weighted_sum(parts: impl Iterator<Item = (Option<Influence>, f64)>) -> Option<Influence> {
    let mut total: Option<Influence> = None;
    for (part, weight) in parts {
        let part = part?;
        let sum = total.unwrap_or_else(|| Influence { values: vec![0.0; part.values.len()], ..part });
        total = Some(sum.plus(&part, weight)?);
    }
    total
}

fn single(metric: &dyn Metric, params: &Params, rows: &Rows<'_>) -> Option<Influence> {
    if metric.needs_groups() {
        return means::over_groups(metric, params, rows);
    }
    if BENT.contains(&metric.about().name) {
        return None;
    }
    let formula = formulas::influence(metric, params, rows);
    let values = formula.or_else(|| means::over_rows(metric, params, rows));
    values.or_else(|| cells::influence(metric, params, rows)).map(Influence::of_rows)
}

/// Whether the score of rows, or a part of it, is one of [`BENT`].
fn is_bent(judge: &Judge) -> bool {
    let is_one = |metric: &dyn Metric| BENT.contains(&metric.about().name);
    let parts = compose::parts(&judge.params);
    let has_one = is_one(judge.metric) || parts.iter().any(|part| is_one(part.metric));
    has_one && !parts.iter().any(|part| compose::is_by_group(&part.params))
}
