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
        Self {
            truths: Column::all(rows.truths, members),
            predictions: Column::all(rows.predictions, members),
            weights: rows.weights.map(|weights| pick(weights, members)),
            row_numbers: pick(rows.row_numbers, members),
        }
    }

    /// Does some work with them; groups are left out.
    pub(crate) fn with_rows<T>(&self, all: &Rows<'_>, then: impl Fn(&Rows<'_>) -> T) -> T {
        let (truths, predictions) = (Column::values_of(&self.truths), Column::values_of(&self.predictions));
        then(&self.rows(all, &truths, &predictions))
    }

    /// As [`Gathered::with_rows`], of several files that predict the same rows: what they share is copied once.
    pub(crate) fn with_files<T>(
        files: &[Rows<'_>],
        members: &[u32],
        then: impl FnOnce(&[Rows<'_>]) -> T,
    ) -> T {
        let Some(first) = files.first() else { return then(&[]) };
        let shared = Gathered::new(&Rows { predictions: &[], ..*first }, members);
        let truths = Column::values_of(&shared.truths);
        let predictions: Vec<Vec<Column<'_>>> =
            files.iter().map(|rows| Column::all(rows.predictions, members)).collect();
        let predictions: Vec<Vec<Values<'_>>> =
            predictions.iter().map(|columns| Column::values_of(columns)).collect();
        let rows: Vec<Rows<'_>> = files
            .iter()
            .zip(&predictions)
            .map(|(rows, predictions)| shared.rows(rows, &truths, predictions))
            .collect();
        then(&rows)
    }

    fn rows<'b>(
        &'b self,
        all: &Rows<'b>,
        truths: &'b [Values<'b>],
        predictions: &'b [Values<'b>],
    ) -> Rows<'b> {
        Rows {
            truths,
            predictions,
            weights: self.weights.as_deref(),
            groups: None,
            row_numbers: &self.row_numbers,
            ..*all
        }
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

    fn all(columns: &[Values<'a>], members: &[u32]) -> Vec<Self> {
        columns.iter().map(|column| Self::new(column, members)).collect()
    }

    fn values_of(columns: &[Self]) -> Vec<Values<'_>> {
        columns.iter().map(Self::values).collect()
    }

    fn values(&self) -> Values<'_> {
        match self {
            Self::Numbers(numbers) => Values::Numbers(numbers),
            Self::Codes(codes) => Values::Codes(codes),
            Self::Texts { texts, places } => Values::Texts { texts, places },
        }
    }
}
