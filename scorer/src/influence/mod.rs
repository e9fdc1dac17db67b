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
mod survival;

use std::collections::HashMap;

use holdout_contract::spec::Task;

use crate::judge::Judge;
use crate::metrics::{Metric, Params, Rows, Values, compose};
pub use clusters::{by_cluster, influence_of_clusters};
pub use exact::{Exact, influence_or_replicates, replicates_of};
pub use sums::{Sums, gradient};

/// Fewer units say too little about how much they vary.
const FEWEST_UNITS: usize = 30;
/// Fewer rows of the rarer of two classes, too.
const FEWEST_OF_A_CLASS: usize = 20;

/// Metrics that are read off where something is largest, where two curves meet, where a gap turns its sign, at a middle
/// or at a last place that counts, or off the highest points of a curve to come. What one row moves says little of them:
/// which place it is, is chance itself.
const BENT: [&str; 10] = [
    "eer",
    "ks_statistic",
    "min_dcf",
    "ece",
    "medae",
    "top_recall",
    "coco_map",
    "coco_ap50",
    "coco_ar100",
    "voc_ap",
];

/// Averages over classes in which all count the same, so that the rows of the rarest ones decide.
const OF_CLASSES: [&str; 10] = [
    "balanced_accuracy",
    "f1_macro",
    "fbeta_macro",
    "precision_macro",
    "recall_macro",
    "jaccard_macro",
    "auc_ovr_macro",
    "auc_ovo_macro",
    "mean_column_auc",
    "map_macro_classes",
];

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
    let found = linear(judge, rows).ok_or_else(|| unknown(judge))?;
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
    let rows = rows_of_a_class(judge);
    Err(NoInterval(format!("With fewer than {FEWEST_OF_A_CLASS} {rows}, an interval would say nothing.")))
}

fn rows_of_a_class(judge: &Judge) -> &'static str {
    match judge.metric.about().task {
        Task::Clustering => "rows in a true cluster, in the mean",
        _ => "rows of a class",
    }
}

/// Why nothing is known of a metric.
fn unknown(judge: &Judge) -> NoInterval {
    let reason = match judge.metric.about().name {
        "max_error" => {
            "One row decides the largest error, and no other row says how far that would move: no interval is known."
        }
        _ => "For this metric no interval is known.",
    };
    NoInterval(reason.to_owned())
}

/// How many rows say how much a score varies with the rarest class that it depends on, where truths are classes. All
/// files of a competition have the same number: it follows from the solution alone.
fn rarer_class(judge: &Judge, rows: &Rows<'_>) -> Option<usize> {
    let parts = compose::parts(&judge.params);
    if parts.is_empty() {
        return rarer_class_of(judge.metric, rows);
    }
    let of_part = |part| compose::with_rows_of(part, &parts, rows, |rows| rarer_class_of(part.metric, rows));
    parts.iter().filter_map(of_part).min()
}

fn rarer_class_of(metric: &dyn Metric, rows: &Rows<'_>) -> Option<usize> {
    let of_truth: fn(&[usize]) -> Option<usize> = match metric.about().task {
        Task::Clustering => mean_size,
        _ if OF_CLASSES.contains(&metric.about().name) => |counts| Some(rows_of_the_rarest(counts)),
        Task::BinaryProbability | Task::Labels | Task::Multilabel => rarer_of_two,
        _ => return None,
    };
    let of_column =
        |truth| counts_of_values(truth).and_then(|counts| of_truth(&counts)).unwrap_or(rows.len());
    rows.truths.iter().map(of_column).min()
}

/// How often every value occurs; `None` of texts.
fn counts_of_values(truth: &Values<'_>) -> Option<Vec<usize>> {
    let mut counts: HashMap<u64, usize, foldhash::fast::FixedState> = HashMap::default();
    for at in 0..truth.len() {
        let value = match truth {
            Values::Numbers(numbers) => crate::kernels::order_key(numbers[at]),
            Values::Codes(codes) => u64::from(codes[at]),
            Values::Texts { .. } => return None,
        };
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable();
    Some(counts)
}

/// Of one value or two: a curve or a rate of the rarer one.
fn rarer_of_two(counts: &[usize]) -> Option<usize> {
    counts.first().copied().filter(|_| counts.len() <= 2)
}

/// A true cluster's rows, in the mean.
fn mean_size(counts: &[usize]) -> Option<usize> {
    counts.iter().sum::<usize>().checked_div(counts.len())
}

/// The rows of classes that would all be as rare, for a mean over classes to be known as well: with `m` rows of a class
/// its part of the variance is about `1/m`, which they tell too small by `1/m` of it.
fn rows_of_the_rarest(counts: &[usize]) -> usize {
    let total = |of: fn(f64) -> f64| counts.iter().map(|n| of(*n as f64)).sum::<f64>();
    let rows = total(f64::recip) / total(|n| n.recip() * n.recip());
    // Equal classes come to their size but for rounding.
    (rows + 1e-9) as usize
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
    if bends(metric, params) {
        return None;
    }
    let formula = formulas::influence(metric, params, rows);
    let values = formula.or_else(|| means::over_rows(metric, params, rows));
    values.or_else(|| cells::influence(metric, params, rows)).map(Influence::of_rows)
}

/// Whether the score of rows, or a part of it, bends with them.
fn is_bent(judge: &Judge) -> bool {
    let parts = compose::parts(&judge.params);
    let has_one =
        bends(judge.metric, &judge.params) || parts.iter().any(|part| bends(part.metric, &part.params));
    has_one && !parts.iter().any(|part| compose::is_by_group(&part.params))
}

fn bends(metric: &dyn Metric, params: &Params) -> bool {
    // The median time of events moves from one to the next.
    let is_of_median =
        metric.about().name == "cumulative_dynamic_auc" && params.optional_number("time").is_none();
    is_of_median || BENT.contains(&metric.about().name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::find;

    #[test]
    fn names_are_of_the_catalogue() {
        for name in BENT.iter().chain(&OF_CLASSES) {
            assert!(find(name, &serde_json::Map::new()).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_rare_class_counts_for_as_much_as_it_adds_to_the_variance() {
        assert_eq!(rows_of_the_rarest(&[40, 40, 40]), 40);
        assert_eq!(rows_of_the_rarest(&[12, 5000]), 12);
        assert_eq!(rows_of_the_rarest(&[3, 1000, 1000, 1000, 1000]), 3);
        let many = [vec![3], vec![100; 99]].concat();
        assert_eq!(rows_of_the_rarest(&many), 10, "one of a hundred classes decides less");
        assert_eq!((mean_size(&[1, 5, 30]), mean_size(&[])), (Some(12), None));
        assert_eq!(
            (rarer_of_two(&[4, 9]), rarer_of_two(&[4, 9, 9]), rarer_of_two(&[])),
            (Some(4), None, None)
        );
    }
}
