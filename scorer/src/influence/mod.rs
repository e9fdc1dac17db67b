//! How much every row moves a score: its *influence value*, `n` times the derivative of the score by the
//! row's weight. Scores near each other differ by the mean of their influence values' difference, so that
//! standard errors, comparisons and rank ranges of any metric follow from sums of products of these values.
//!
//! Where a metric averages groups, the group is the unit, since rows of one group come together.
//!
//! A formula is asked first ([`formulas`]); then whether the metric *is* a mean of what its units come to
//! alone ([`means`]). What neither can tell has no interval, and nothing is guessed. Where units are few, and where a score bends with its
//! rows ([`BENT`]), it is not near such a sum, and replicates under weights take the place of the units ([`exact`]).
//!
//! Where the host declared that rows come together, the sum of a cluster stands for its rows ([`clusters`]).
//!
//! Influence values follow from labels, so they are as secret as the solution.

mod cells;
mod classes;
mod clusters;
mod curve;
mod distances;
mod exact;
mod formulas;
mod means;
mod pairs;
mod parts;
mod shifting;
mod sums;
mod survival;

use crate::judge::Judge;
use crate::metrics::{Metric, Params, Rows, compose};
use classes::Rarest;
pub use clusters::{by_cluster, influence_of_clusters};
pub use exact::{Exact, influence_or_replicates, replicates_of};
pub use parts::influence_of_parts;
pub use sums::{Sums, gradient, mean_over_classes};

/// Fewer units say too little about how much they vary.
const FEWEST_UNITS: usize = 30;
/// Fewer rows of the rarer of two classes, too.
const FEWEST_OF_A_CLASS: usize = 20;
/// With fewer of them not even exact replicates say anything.
const FEWEST_EXACT_OF_A_CLASS: usize = 5;

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
    match Rarest::of(judge, rows, None) {
        Some(rarest) if rarest.n < FEWEST_OF_A_CLASS => Err(rarest.refusal(FEWEST_OF_A_CLASS)),
        _ => Ok(()),
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

/// Whether groups of rows are drawn anew as a whole.
fn averages_groups(metric: &dyn Metric) -> bool {
    metric.needs_groups() && !metric.groups_are_classes()
}

/// Of a metric as a competition uses it: of several parts, on several columns, in every group.
fn composed(metric: &dyn Metric, params: &Params, rows: &Rows<'_>) -> Option<Influence> {
    if compose::is_ranked(metric) {
        return None; // a mean of ranks follows from everybody's scores: its parts have influences, by `influence_of_parts`
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
    if averages_groups(metric) {
        return means::over_groups(metric, params, rows);
    }
    if bends(metric, params) {
        return None;
    }
    let formula = formulas::influence(metric, params, rows);
    formula.or_else(|| means::over_rows(metric, params, rows)).map(Influence::of_rows)
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
        for name in BENT {
            assert!(find(name, &serde_json::Map::new()).is_ok(), "{name}");
        }
    }
}
