//! One metric in every group of rows: the mean over groups, or the worst group.

use holdout_contract::spec::Direction;

use super::worse;
use crate::intake::{Place, Texts};
use crate::kernels::sum;
use crate::metrics::groups::Groups;
use crate::metrics::{Params, Rows, Undefined, Values};

pub(super) const NONE: &str = "none";
const MEAN: &str = "mean";

pub(super) fn is_wanted(params: &Params) -> bool {
    params.text("groups").is_some_and(|how| how != NONE)
}

/// The score of every group, put together as the host chose; of all rows at once where groups are
/// none of the host's wishes. Groups without weight count for nothing.
pub(super) fn score(
    params: &Params,
    direction: Direction,
    rows: &Rows<'_>,
    of_rows: impl Fn(&Rows<'_>) -> Result<f64, Undefined>,
) -> Result<f64, Undefined> {
    if !is_wanted(params) {
        return of_rows(rows);
    }
    let (mut scores, mut undefined) = (Vec::new(), Vec::new());
    for (_, members) in Groups::of(rows)?.iter() {
        let group = Gathered::new(rows, members);
        match group.with_rows(rows, |rows| (rows.total_weight() > 0.0).then(|| of_rows(rows))) {
            Some(Ok(score)) => scores.push(score),
            Some(Err(reason)) => undefined.push(reason),
            None => {}
        }
    }
    let is_skipping = params.text("undefined_groups") == Some("skip");
    if let Some(first) = undefined.first().filter(|_| !is_skipping || scores.is_empty()) {
        return Err(Undefined::because(format!(
            "The metric has no value in {} of the {} groups of this split. {first}",
            undefined.len(),
            undefined.len() + scores.len()
        )));
    }
    if params.text("groups") == Some(MEAN) {
        return Ok(sum(scores.len(), |at| scores[at]) / scores.len() as f64);
    }
    scores
        .into_iter()
        .reduce(|a, b| worse(direction, a, b))
        .ok_or_else(|| Undefined::because("This split has no groups."))
}

/// One group's rows, copied together.
struct Gathered<'a> {
    truths: Vec<Column<'a>>,
    predictions: Vec<Column<'a>>,
    weights: Option<Vec<f64>>,
    row_numbers: Vec<u32>,
}

enum Column<'a> {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
    Texts { texts: &'a Texts, places: Vec<Place> },
}

fn pick<T: Copy>(values: &[T], members: &[u32]) -> Vec<T> {
    members.iter().map(|at| values[*at as usize]).collect()
}

impl<'a> Gathered<'a> {
    fn new(rows: &Rows<'a>, members: &[u32]) -> Self {
        let side = |columns: &[Values<'a>]| columns.iter().map(|c| Column::new(c, members)).collect();
        Self {
            truths: side(rows.truths),
            predictions: side(rows.predictions),
            weights: rows.weights.map(|weights| pick(weights, members)),
            row_numbers: pick(rows.row_numbers, members),
        }
    }

    fn with_rows<T>(&self, all: &Rows<'_>, then: impl Fn(&Rows<'_>) -> T) -> T {
        let truths: Vec<Values<'_>> = self.truths.iter().map(Column::values).collect();
        let predictions: Vec<Values<'_>> = self.predictions.iter().map(Column::values).collect();
        then(&Rows {
            truths: &truths,
            predictions: &predictions,
            weights: self.weights.as_deref(),
            groups: None,
            row_numbers: &self.row_numbers,
            n_classes: all.n_classes,
            column_classes: all.column_classes,
            context: all.context,
            group_names: all.group_names,
        })
    }
}

impl<'a> Column<'a> {
    fn new(values: &Values<'a>, members: &[u32]) -> Self {
        match values {
            Values::Numbers(numbers) => Self::Numbers(pick(numbers, members)),
            Values::Codes(codes) => Self::Codes(pick(codes, members)),
            Values::Texts { texts, places } => Self::Texts { texts, places: pick(places, members) },
        }
    }

    fn values(&self) -> Values<'_> {
        match self {
            Self::Numbers(numbers) => Values::Numbers(numbers),
            Self::Codes(codes) => Values::Codes(codes),
            Self::Texts { texts, places } => Values::Texts { texts, places },
        }
    }
}
