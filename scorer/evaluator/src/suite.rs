//! What every implementation computes. [`Plain`](crate::Plain) is obvious and slow, [`Cpu`](crate::Cpu) is what a
//! result means to the last digit, and [`Kernels`](crate::Kernels) are the same on a device.

use crate::philox::Draw;
use crate::ranking::Ranking;

/// Marked places of a mask: sorted, none of them twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub start: u32,
    pub length: u32,
}

/// Two texts as symbols.
pub type Pair<'a> = (&'a [u32], &'a [u32]);

/// The computations, each of them on many teams, columns or pairs at once. Counts, orders and weights are
/// exact everywhere; sums agree to 1e-12 of the sum of their terms' sizes.
pub trait Suite: Send + Sync {
    /// Why something could not be computed; [`std::convert::Infallible`] where everything can.
    type Error;

    /// The sum of every column.
    ///
    /// # Errors
    /// Those of the device; so everywhere below.
    fn sums(&self, columns: &[&[f64]]) -> Result<Vec<f64>, Self::Error>;

    /// The rows of every column in ascending order of their keys; equal keys stay in row order. Columns have
    /// one length.
    ///
    /// # Errors
    /// Those of the device.
    fn orders(&self, columns: &[&[u64]]) -> Result<Vec<Vec<u32>>, Self::Error>;

    /// The keys of every column in ascending order. Columns have one length.
    ///
    /// # Errors
    /// Those of the device.
    fn sorted(&self, columns: &[&[u64]]) -> Result<Vec<Vec<u64>>, Self::Error>;

    /// The weights of so many rows: those of all replicates of the first row, then of the second.
    ///
    /// # Errors
    /// Those of the device.
    fn weights(&self, draw: Draw, n_rows: usize) -> Result<Vec<u8>, Self::Error>;

    /// The area under the ROC curve of every ranking in every replicate, tied scores as halves; NaN where a
    /// replicate has rows of one class alone.
    ///
    /// # Errors
    /// Those of the device.
    fn roc_auc(&self, rankings: &[&Ranking], draw: Draw) -> Result<Vec<Vec<f64>>, Self::Error>;

    /// Average precision, over distinct scores; NaN where a replicate has no positive row.
    ///
    /// # Errors
    /// Those of the device.
    fn average_precision(&self, rankings: &[&Ranking], draw: Draw) -> Result<Vec<Vec<f64>>, Self::Error>;

    /// The weighted mean of every column in every replicate; NaN where all weights are 0. Columns have one length.
    ///
    /// # Errors
    /// Those of the device.
    fn means(&self, columns: &[&[f64]], draw: Draw) -> Result<Vec<Vec<f64>>, Self::Error>;

    /// The mean of every segment; segments follow each other and end at `ends`. A segment is added up as a column
    /// of [`Suite::sums`] is. NaN for an empty one.
    ///
    /// # Errors
    /// Those of the device.
    fn segment_means(&self, values: &[f64], ends: &[u32]) -> Result<Vec<f64>, Self::Error>;

    /// How many places both masks of a pair mark.
    ///
    /// # Errors
    /// Those of the device.
    fn overlaps(&self, pairs: &[(&[Run], &[Run])]) -> Result<Vec<u64>, Self::Error>;

    /// The fewest insertions, deletions and substitutions that turn one text of a pair into the other.
    ///
    /// # Errors
    /// Those of the device.
    fn distances(&self, pairs: &[Pair<'_>]) -> Result<Vec<u32>, Self::Error>;

    /// As [`Suite::distances`], of code points.
    ///
    /// # Errors
    /// Those of the device.
    fn text_distances(&self, pairs: &[(&str, &str)]) -> Result<Vec<u32>, Self::Error>;

    /// The sums of products of every column of `with` with every one of `columns`: a list for each of `with`.
    /// All have one length.
    ///
    /// # Errors
    /// Those of the device.
    fn products(&self, columns: &[&[f32]], with: &[&[f32]]) -> Result<Vec<Vec<f64>>, Self::Error>;
}
