//! The information that groupings share by chance, where only the sizes of their clusters are given. Every cell of
//! their table then has a hypergeometric number of rows (Vinh, Epps and Bailey 2010).

use std::collections::BTreeMap;

use super::table::Table;
use crate::kernels::sum;

impl Table {
    /// The mean over all groupings with clusters of these sizes.
    pub(super) fn expected_mutual_information(&self) -> f64 {
        let (truth, predicted) = (multiplicities(&self.truth), multiplicities(&self.predicted));
        let mut terms = Vec::with_capacity(truth.len() * predicted.len());
        for (a, n_a) in &truth {
            for (b, n_b) in &predicted {
                terms.push((n_a * n_b) as f64 * expected_cell(self.n_rows, *a, *b));
            }
        }
        sum(terms.len(), |at| terms[at])
    }

    /// How the mean moves with one row more: of all rows alike, and of a true and of a predicted cluster by its size.
    /// Neither grouping is one cluster.
    pub(super) fn expected_moves(&self) -> ExpectedMoves {
        let (truth, predicted) = (multiplicities(&self.truth), multiplicities(&self.predicted));
        let n = self.n_rows;
        let mut moves =
            ExpectedMoves { of_rows: 0.0, of_truth: BTreeMap::new(), of_predicted: BTreeMap::new() };
        let slope = |high: f64, low: f64| (high - low) / 2.0;
        for (a, n_a) in &truth {
            for (b, n_b) in &predicted {
                let of_n = slope(expected_cell(n + 1, *a, *b), expected_cell(n - 1, *a, *b));
                let of_a = slope(expected_cell(n, a + 1, *b), expected_cell(n, a - 1, *b));
                let of_b = slope(expected_cell(n, *a, b + 1), expected_cell(n, *a, b - 1));
                moves.of_rows += (n_a * n_b) as f64 * of_n;
                *moves.of_truth.entry(*a).or_default() += *n_b as f64 * of_a;
                *moves.of_predicted.entry(*b).or_default() += *n_a as f64 * of_b;
            }
        }
        moves
    }
}

pub(super) struct ExpectedMoves {
    of_rows: f64,
    of_truth: BTreeMap<u64, f64>,
    of_predicted: BTreeMap<u64, f64>,
}

impl ExpectedMoves {
    /// Of a row in clusters of these sizes.
    pub(super) fn of(&self, truth: u64, predicted: u64) -> f64 {
        let of_size = |moves: &BTreeMap<u64, f64>, size| moves.get(&size).copied().unwrap_or_default();
        self.of_rows + of_size(&self.of_truth, truth) + of_size(&self.of_predicted, predicted)
    }
}

/// How many clusters have each size.
fn multiplicities(sizes: &[u64]) -> Vec<(u64, u64)> {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    sizes.iter().for_each(|size| *counts.entry(*size).or_default() += 1);
    counts.into_iter().collect()
}

/// Weights below this share of the largest one change no digit.
const NEGLIGIBLE: f64 = 1e-25;

/// The expected contribution of one cell between clusters of `a` and `b` of `n` rows: chances are
/// walked from the most likely count outwards, each from its neighbour, and scaled to add up to 1.
fn expected_cell(n: u64, a: u64, b: u64) -> f64 {
    let (lowest, highest) = ((a + b).saturating_sub(n), a.min(b));
    let likely = ((u128::from(a + 1) * u128::from(b + 1)) / u128::from(n + 2)) as u64;
    let likely = likely.clamp(lowest, highest);
    let value = |k: u64| {
        let (k, n) = (k as f64, n as f64);
        if k == 0.0 { 0.0 } else { k / n * (n * k / (a as f64 * b as f64)).ln() }
    };
    // chance(k + 1) / chance(k)
    let ratio = |k: u64| {
        let rest = (n + k + 1 - a - b) as f64;
        (a - k) as f64 * (b - k) as f64 / ((k + 1) as f64 * rest)
    };
    let mut weights = vec![(1.0, value(likely))];
    let mut weight = 1.0;
    for k in likely..highest {
        weight *= ratio(k);
        weights.push((weight, value(k + 1)));
        if weight < NEGLIGIBLE {
            break;
        }
    }
    weight = 1.0;
    for k in (lowest..likely).rev() {
        weight /= ratio(k);
        weights.push((weight, value(k)));
        if weight < NEGLIGIBLE {
            break;
        }
    }
    sum(weights.len(), |at| weights[at].0 * weights[at].1) / sum(weights.len(), |at| weights[at].0)
}
