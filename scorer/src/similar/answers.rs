//! What one submission says of the rows that were drawn.

use std::hash::{DefaultHasher, Hasher};

use crate::align::{Aligned, Predicted};
use crate::audit::normal;
use crate::custom;

/// At most so many rows are drawn …
const MAX_ROWS: usize = 5000;
/// … and fewer where each has many answers.
const MAX_ANSWERS: usize = 10_000;

/// The rows that are looked at.
pub struct Draw(Vec<u32>);

impl Draw {
    /// Draws from the rows of a solution whose submissions have `n_columns` answers a row.
    pub fn of(n_rows: usize, n_columns: usize) -> Self {
        let most = (MAX_ANSWERS / n_columns.max(1)).clamp(1, MAX_ROWS);
        Self(normal::some(n_rows, most))
    }

    pub fn n_rows(&self) -> usize {
        self.0.len()
    }

    fn slots(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|slot| *slot as usize)
    }
}

/// Answers by column, in the order of the draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers(pub(super) Vec<Column>);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Column {
    Numbers(Vec<f64>),
    /// Labels by their codes, texts by a hash.
    Names(Vec<u64>),
}

impl Answers {
    pub fn of(aligned: &Aligned, draw: &Draw) -> Self {
        let column = |predicted: &Predicted| match predicted {
            Predicted::Numbers(numbers) => Column::Numbers(draw.slots().map(|slot| numbers[slot]).collect()),
            Predicted::Codes(codes) => {
                Column::Names(draw.slots().map(|slot| u64::from(codes[slot])).collect())
            }
            Predicted::Texts(texts) => {
                Column::Names(draw.slots().map(|slot| hash(texts.get(slot))).collect())
            }
        };
        Self(aligned.predictions.iter().map(column).collect())
    }

    /// Where the host's own metric is given texts: numbers where all of them are, else texts.
    pub fn of_texts(aligned: &custom::tables::Aligned, draw: &Draw) -> Self {
        let column = |column| {
            let texts = || draw.slots().map(move |slot| aligned.text(column, slot));
            match texts().map(|text| text.parse().ok().filter(|number: &f64| number.is_finite())).collect() {
                Some(numbers) => Column::Numbers(numbers),
                None => Column::Names(texts().map(hash).collect()),
            }
        };
        Self((0..aligned.n_columns()).map(column).collect())
    }

    /// Whether some column says different things of different rows.
    pub fn say_something(&self) -> bool {
        self.0.iter().any(|column| match column {
            Column::Numbers(numbers) => numbers.windows(2).any(|pair| pair[0] != pair[1]),
            Column::Names(names) => names.windows(2).any(|pair| pair[0] != pair[1]),
        })
    }

    /// Of every column, whether it holds numbers.
    pub(super) fn shape(&self) -> Vec<bool> {
        self.0.iter().map(|column| matches!(column, Column::Numbers(_))).collect()
    }

    pub(super) fn is_same(&self, other: &Self, column: usize, row: usize) -> bool {
        match (self.0.get(column), other.0.get(column)) {
            (Some(Column::Numbers(a)), Some(Column::Numbers(b))) => is_near(a[row], b[row]),
            (Some(Column::Names(a)), Some(Column::Names(b))) => a[row] == b[row],
            _ => false,
        }
    }
}

/// A copy may have been rounded on its way.
fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}
