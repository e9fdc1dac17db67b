//! What a metric sees: aligned columns of one split.

use crate::intake::Texts;

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
    /// Names of classes, by code; label codes of submissions may be larger (a class never seen).
    pub n_classes: usize,
    pub context: &'a crate::judge::Context,
    /// The scaling history of every group, where the metric has one.
    pub group_names: &'a [String],
}

/// One column of one split.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    Numbers(&'a [f64]),
    Codes(&'a [u32]),
    Texts { texts: &'a Texts, rows: &'a [u32] },
}

impl<'a> Values<'a> {
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Codes(codes) => codes.len(),
            Self::Texts { rows, .. } => rows.len(),
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
            Self::Texts { texts, rows } => texts.get(rows[at] as usize),
            _ => panic!("the metric's layout says that this column holds text"),
        }
    }
}

impl Values<'_> {
    /// About how many bytes of text this split's rows hold.
    fn n_text_bytes(&self) -> usize {
        match self {
            Self::Texts { texts, rows } => texts.n_bytes() / texts.len().max(1) * rows.len(),
            _ => 0,
        }
    }
}

impl<'a> Rows<'a> {
    /// A value of every row, on as many cores as the texts of the split are worth.
    pub fn each<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let n_bytes: usize = self.truths.iter().chain(self.predictions).map(Values::n_text_bytes).sum();
        crate::parallel::map(self.len(), self.len() + n_bytes / 16, work)
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
        let total = self.positive_weight()?;
        let sum = match self.weights {
            None => crate::kernels::sum(self.len(), term),
            Some(weights) => crate::kernels::sum(self.len(), |at| weights[at] * term(at)),
        };
        Ok(sum / total)
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
