//! Rows that do not stand together, brought together.

use super::{Rows, Values};
use crate::intake::{Place, Texts};

/// Some rows, copied together in the order in which they are named.
pub(crate) struct Gathered<'a> {
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
    pub(crate) fn new(rows: &Rows<'a>, members: &[u32]) -> Self {
        let side = |columns: &[Values<'a>]| columns.iter().map(|c| Column::new(c, members)).collect();
        Self {
            truths: side(rows.truths),
            predictions: side(rows.predictions),
            weights: rows.weights.map(|weights| pick(weights, members)),
            row_numbers: pick(rows.row_numbers, members),
        }
    }

    /// Does some work with them; groups are left out.
    pub(crate) fn with_rows<T>(&self, all: &Rows<'_>, then: impl Fn(&Rows<'_>) -> T) -> T {
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
