//! Metrics of ranks, all of which shift when a row gains weight: Spearman's correlation, Gini's coefficient.

use crate::kernels::{average_ranks, sum, sums_above};

/// Ranks as shares of all rows, from their mean.
struct Ranked<'a> {
    values: &'a [f64],
    shares: Vec<f64>,
}

impl<'a> Ranked<'a> {
    fn of(values: &'a [f64]) -> Self {
        let n = values.len() as f64;
        let centre = (n + 1.0) / 2.0;
        let shares = average_ranks(values).into_iter().map(|rank| (rank - centre) / n).collect();
        Self { values, shares }
    }

    fn with(&self, other: &Self) -> f64 {
        let n = self.shares.len();
        sum(n, |at| self.shares[at] * other.shares[at]) / n as f64
    }

    /// How the mean of products with `other` moves with every row's weight where the ranks here shift by it.
    fn shifts(&self, other: &Self) -> Vec<f64> {
        let n = self.shares.len() as f64;
        let mean = self.with(other);
        let sums = sums_above(self.values, &other.shares);
        sums.into_iter().map(|above| above / n - mean).collect()
    }
}

/// The influence of every row; `None` where a side is constant.
pub(super) fn spearman(y: &[f64], p: &[f64]) -> Option<Vec<f64>> {
    let (y, p) = (Ranked::of(y), Ranked::of(p));
    let (together, spread_y, spread_p) = (y.with(&p), y.with(&y), p.with(&p));
    let root = (spread_y * spread_p).sqrt();
    if root.is_nan() || root <= 0.0 {
        return None;
    }
    let [shifts_y, shifts_p] = [y.shifts(&p), p.shifts(&y)];
    let [own_y, own_p] = [y.shifts(&y), p.shifts(&p)];
    let moved = |at: usize| {
        let product = y.shares[at] * p.shares[at] - together + shifts_y[at] + shifts_p[at];
        let of_y = y.shares[at].powi(2) - spread_y + 2.0 * own_y[at];
        let of_p = p.shares[at].powi(2) - spread_p + 2.0 * own_p[at];
        product / root - together / root * (of_y / spread_y + of_p / spread_p) / 2.0
    };
    Some((0..y.shares.len()).map(moved).collect())
}

/// Gini's coefficient of the order that `p` makes, and the influence of every row: what a row holds times the share
/// of rows below it, and what those above it hold. Ties are of either order. `None` where truths add up to nothing.
pub(super) fn gini(y: &[f64], p: &[f64]) -> Option<(f64, Vec<f64>)> {
    let n = y.len();
    let total = sum(n, |at| y[at]);
    let below = average_ranks(p);
    let below = |at: usize| below[at] - 0.5;
    let above = sums_above(p, y);
    let found = sum(n, |at| y[at] * below(at)) / total / n as f64;
    let moved =
        |at: usize| (y[at] * below(at) + above[at]) / total - found * (1.0 + n as f64 * y[at] / total);
    (total != 0.0).then(|| (found - 0.5, (0..n).map(moved).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correlation(y: &[f64], p: &[f64]) -> f64 {
        let (y, p) = (Ranked::of(y), Ranked::of(p));
        y.with(&p) / (y.with(&y) * p.with(&p)).sqrt()
    }

    /// Every row so many times, and one of them once more: nearly the derivative by its weight.
    #[test]
    fn it_is_how_the_correlation_moves_when_a_row_comes_once_more() {
        const TIMES: usize = 400;
        let y: Vec<f64> = (0..40).map(|row| f64::from(row * 17 % 23)).collect();
        let p: Vec<f64> = (0..40).map(|row| f64::from(row * 17 % 23 + row * 7 % 19)).collect();
        let found = spearman(&y, &p).expect("no side is constant");
        let repeated = |values: &[f64], more: Option<usize>| -> Vec<f64> {
            let all = values.iter().flat_map(|value| std::iter::repeat_n(*value, TIMES));
            all.chain(more.map(|row| values[row])).collect()
        };
        let plain = correlation(&repeated(&y, None), &repeated(&p, None));
        for (row, found) in found.iter().enumerate() {
            let more = correlation(&repeated(&y, Some(row)), &repeated(&p, Some(row)));
            let moved = (more - plain) * (TIMES * y.len()) as f64;
            assert!((moved - found).abs() < 1e-3, "row {row}: {found}, not {moved}");
        }
        assert!(found.iter().sum::<f64>().abs() < 1e-9);
        assert_eq!(spearman(&[1.0; 9], &p[..9]), None);
    }
}
