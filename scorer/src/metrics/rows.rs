//! What a metric sees: aligned columns of one split.

use std::ops::Range;

use crate::intake::{Place, Texts};

/// So many texts, and those of so many rows, are fetched at a time: not more than a core's nearest cache holds.
const FETCHED_TEXTS: usize = 128;
const FETCHED_ROWS: usize = 64;

/// 2 to the power of -64: exact, and small enough for any number of rows.
const SMALL: f64 = 1.0 / (1_u128 << 64) as f64;

/// Joined, finite rows of one split, public rows before private ones, each in solution order.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    pub truths: &'a [Values<'a>],
    pub predictions: &'a [Values<'a>],
    /// 0 or more each; `None`: every row counts 1.
    pub weights: Option<&'a [f64]>,
    /// A group's number for every row, from 0.
    pub groups: Option<&'a [u32]>,
    /// Each row's place in the solution file, for definitions that break ties by row order.
    pub row_numbers: &'a [u32],
    /// Classes of labels: those of the solution have the lowest codes, those that only this submission
    /// names the codes behind.
    pub n_classes: usize,
    /// Of every truth column, the classes that the solution has there or the competition lists.
    pub column_classes: &'a [Vec<u32>],
    pub context: &'a crate::judge::Context,
    /// The scaling history of every group, where the metric has one.
    pub group_names: &'a [String],
}

/// One column of one split.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    Numbers(&'a [f64]),
    Codes(&'a [u32]),
    /// Of all texts of a file, those at some places.
    Texts {
        texts: &'a Texts,
        places: &'a [Place],
    },
}

impl<'a> Values<'a> {
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Codes(codes) => codes.len(),
            Self::Texts { places, .. } => places.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// # Panics
    /// When the column holds something else; a metric's layout says which it is.
    pub fn numbers(&self) -> &'a [f64] {
        match self {
            Self::Numbers(numbers) => numbers,
            _ => panic!("the metric's layout says that this column holds numbers"),
        }
    }

    /// # Panics
    /// When the column holds no labels.
    pub fn codes(&self) -> &'a [u32] {
        match self {
            Self::Codes(codes) => codes,
            _ => panic!("the metric's layout says that this column holds labels"),
        }
    }

    /// # Panics
    /// When the column holds no texts or `at` is past its end.
    pub fn text(&self, at: usize) -> &'a str {
        match self {
            Self::Texts { texts, places } => texts.at(places[at]),
            _ => panic!("the metric's layout says that this column holds text"),
        }
    }
}

impl<'a> Values<'a> {
    fn part(&self, range: Range<usize>) -> Self {
        match self {
            Self::Numbers(numbers) => Self::Numbers(&numbers[range]),
            Self::Codes(codes) => Self::Codes(&codes[range]),
            Self::Texts { texts, places } => Self::Texts { texts, places: &places[range] },
        }
    }

    /// Brings the texts of some rows near. They lie anywhere in memory: asked for one by one, each would
    /// have to be waited for.
    fn fetch(&self, range: Range<usize>) {
        if let Self::Texts { texts, places } = self {
            texts.fetch(&places[range]);
        }
    }

    /// How many bytes of text this split's rows hold.
    fn n_text_bytes(&self) -> usize {
        match self {
            Self::Texts { places, .. } => Texts::n_bytes_at(places),
            _ => 0,
        }
    }
}

impl<'a> Rows<'a> {
    /// Does some work with rows that stand together.
    pub fn with_part<R>(&self, range: Range<usize>, work: impl FnOnce(&Rows<'_>) -> R) -> R {
        let part = |columns: &[Values<'a>]| -> Vec<Values<'a>> {
            columns.iter().map(|column| column.part(range.clone())).collect()
        };
        work(&Rows {
            truths: &part(self.truths),
            predictions: &part(self.predictions),
            weights: self.weights.map(|weights| &weights[range.clone()]),
            groups: self.groups.map(|groups| &groups[range.clone()]),
            row_numbers: &self.row_numbers[range.clone()],
            ..*self
        })
    }

    /// A value of every row, on as many cores as the texts of the split are worth.
    pub fn each<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        self.each_with(|| (), |(), at| work(at))
    }

    /// As [`Rows::each`], with something that is made once a core and lent for every row.
    pub fn each_with<S, T: Send>(
        &self,
        make: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, usize) -> T + Sync,
    ) -> Vec<T> {
        each_row(self.len(), self.truths.iter().chain(self.predictions), make, work)
    }

    /// As [`Rows::each`], where `work` looks at the row's truth and at what each of these files predicts there.
    pub(crate) fn each_across<T: Send>(files: &[Self], work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let Some(first) = files.first() else { return Vec::new() };
        let columns = first.truths.iter().chain(files.iter().flat_map(|rows| rows.predictions));
        each_row(first.len(), columns, || (), |(), at| work(at))
    }

    /// As [`Rows::each`], of the first text of truth and prediction.
    pub fn each_pair<T: Send>(&self, work: impl Fn(&str, &str) -> T + Sync) -> Vec<T> {
        let (truths, predictions) = (self.truths[0], self.predictions[0]);
        self.each(|at| work(truths.text(at), predictions.text(at)))
    }

    pub fn len(&self) -> usize {
        self.row_numbers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.row_numbers.is_empty()
    }

    /// Truth and prediction of a metric with one number column each.
    pub fn numbers(&self) -> (&'a [f64], &'a [f64]) {
        (self.truths[0].numbers(), self.predictions[0].numbers())
    }

    /// Truth and prediction of a metric with one label column each.
    pub fn labels(&self) -> (&'a [u32], &'a [u32]) {
        (self.truths[0].codes(), self.predictions[0].codes())
    }

    /// The weight of a row.
    #[inline]
    pub fn weight(&self, at: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[at])
    }

    /// The weight of every row where each comes so many times.
    pub(crate) fn drawn_weights(&self, times: &[u8]) -> Vec<f64> {
        times.iter().enumerate().map(|(at, times)| self.weight(at) * f64::from(*times)).collect()
    }

    /// The sum of all weights; the number of rows without weights.
    pub fn total_weight(&self) -> f64 {
        match self.weights {
            None => self.len() as f64,
            Some(weights) => crate::kernels::sum(weights.len(), |at| weights[at]),
        }
    }

    /// The weighted mean of a term of every row, summed in a fixed shape.
    ///
    /// # Errors
    /// No rows, or no weight.
    pub fn mean(&self, term: impl Fn(usize) -> f64) -> Result<f64, super::Undefined> {
        self.mean_of(|| self.sum(&term), &term)
    }

    /// As [`Rows::mean`], where the sum of the weighted terms is known or found out elsewhere.
    ///
    /// # Errors
    /// As [`Rows::mean`].
    pub fn mean_of(
        &self,
        sum: impl FnOnce() -> f64,
        term: impl Fn(usize) -> f64,
    ) -> Result<f64, super::Undefined> {
        let total = self.positive_weight()?;
        let sum = sum();
        if sum.is_finite() {
            return Ok(sum / total);
        }
        // Added up, large terms can be more than a double holds, though their mean is not.
        Ok(self.sum(|at| term(at) * SMALL) / total / SMALL)
    }

    /// Terms of all rows, each times its row's weight.
    pub fn weighted(&self, mut terms: Vec<f64>) -> Vec<f64> {
        if let Some(weights) = self.weights {
            terms.iter_mut().zip(weights).for_each(|(term, weight)| *term *= weight);
        }
        terms
    }

    /// The sum of a term of every row, each times its row's weight, in a fixed shape.
    pub fn sum(&self, term: impl Fn(usize) -> f64) -> f64 {
        match self.weights {
            None => crate::kernels::sum(self.len(), term),
            Some(weights) => crate::kernels::sum(self.len(), |at| weights[at] * term(at)),
        }
    }

    /// The total weight, refused when nothing counts.
    ///
    /// # Errors
    /// No rows, or no weight.
    pub fn positive_weight(&self) -> Result<f64, super::Undefined> {
        if self.is_empty() {
            return Err(super::Undefined::because("This split has no rows."));
        }
        let total = self.total_weight();
        if total > 0.0 {
            Ok(total)
        } else {
            Err(super::Undefined::because("The weights of this split add up to zero."))
        }
    }
}

/// A value of every row. The texts of these columns are brought near before it is asked for.
fn each_row<'a, S, T: Send>(
    n_rows: usize,
    columns: impl Iterator<Item = &'a Values<'a>>,
    make: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    let texts: Vec<&Values<'_>> = columns.filter(|column| matches!(column, Values::Texts { .. })).collect();
    let n_bytes: usize = texts.iter().map(|column| column.n_text_bytes()).sum();
    let n_fetched = (FETCHED_TEXTS / texts.len().max(1)).clamp(1, FETCHED_ROWS);
    crate::parallel::map_ranges(n_rows, n_rows + n_bytes / 16, |range| {
        let mut lent = make();
        let mut found = Vec::with_capacity(range.len());
        for start in range.clone().step_by(n_fetched) {
            let near = start..range.end.min(start + n_fetched);
            texts.iter().for_each(|column| column.fetch(near.clone()));
            found.extend(near.map(|at| work(&mut lent, at)));
        }
        found
    })
}
