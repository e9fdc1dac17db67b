//! Means of segments that follow each other, as groups do in a file that is sorted by them.

use crate::sums::sum;

/// The values of a segment.
pub(crate) fn of<'a>(values: &'a [f64], ends: &[u32], at: usize) -> &'a [f64] {
    let start = if at == 0 { 0 } else { ends[at - 1] };
    &values[start as usize..ends[at] as usize]
}

/// Of the sum that a column of these values has; NaN of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    sum(values.len(), |at| values[at]) / values.len() as f64
}
