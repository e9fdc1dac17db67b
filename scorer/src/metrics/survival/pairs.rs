//! Every event against all rows that were observed longer, counted with a Fenwick tree in
//! O(n log n). Counts are exact.
//!
//! A pair can be compared when the earlier time is an event; at equal times when one of the two is an
//! event and the other is not.

use super::Observed;
use crate::kernels::order_key;

/// One event and the rows that outlasted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outlasted {
    pub(super) row: usize,
    /// Those with a lower risk: right.
    pub(super) lower: u64,
    /// Those with the same risk.
    pub(super) equal: u64,
    pub(super) all: u64,
}

/// Right, tied and comparable pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Concordance {
    right: u64,
    tied: u64,
    pub(super) comparable: u64,
}

impl Concordance {
    pub(super) fn count(observed: &Observed, risk: &[f64]) -> Self {
        let mut counts = Self::default();
        outlasted(observed, risk, |pairs| {
            counts.right += pairs.lower;
            counts.tied += pairs.equal;
            counts.comparable += pairs.all;
        });
        counts
    }

    /// `None` when no pair can be compared.
    pub(super) fn index(self) -> Option<f64> {
        let right = u128::from(self.right) * 2 + u128::from(self.tied);
        (self.comparable > 0).then(|| right as f64 / (u128::from(self.comparable) * 2) as f64)
    }
}

/// Calls `take` for every event, latest first.
pub(super) fn outlasted(observed: &Observed, risk: &[f64], mut take: impl FnMut(Outlasted)) {
    let (places, n_places) = places(risk);
    let mut tree = Fenwick::new(n_places);
    let mut order = observed.by_time();
    order.reverse();
    for together in order.chunk_by(|a, b| observed.times[*a] == observed.times[*b]) {
        let (events, censored): (Vec<usize>, Vec<usize>) =
            together.iter().partition(|row| observed.is_event[**row]);
        censored.iter().for_each(|row| tree.add(places[*row]));
        for row in &events {
            let lower = tree.below(places[*row]);
            let equal = tree.below(places[*row] + 1) - lower;
            take(Outlasted { row: *row, lower, equal, all: tree.total });
        }
        events.iter().for_each(|row| tree.add(places[*row]));
    }
}

/// Every value's place among the distinct values, and how many there are.
fn places(values: &[f64]) -> (Vec<usize>, usize) {
    let mut keys: Vec<u64> = values.iter().map(|value| order_key(*value)).collect();
    keys.sort_unstable();
    keys.dedup();
    let place = |value: &f64| keys.binary_search(&order_key(*value)).unwrap_or_default();
    (values.iter().map(place).collect(), keys.len())
}

/// Counts at places, with sums of all below one.
struct Fenwick {
    counts: Vec<u64>,
    total: u64,
}

impl Fenwick {
    fn new(n_places: usize) -> Self {
        Self { counts: vec![0; n_places + 1], total: 0 }
    }

    fn add(&mut self, place: usize) {
        self.total += 1;
        let mut at = place + 1;
        while at < self.counts.len() {
            self.counts[at] += 1;
            at += at & at.wrapping_neg();
        }
    }

    fn below(&self, place: usize) -> u64 {
        let (mut at, mut sum) = (place, 0);
        while at > 0 {
            sum += self.counts[at];
            at &= at - 1;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_pairs(observed: &Observed, risk: &[f64]) -> Concordance {
        let mut counts = Concordance::default();
        for early in 0..observed.len() {
            for late in 0..observed.len() {
                let (a, b) = (observed.times[early], observed.times[late]);
                let is_comparable =
                    observed.is_event[early] && (a < b || (a == b && !observed.is_event[late]));
                if is_comparable {
                    counts.comparable += 1;
                    counts.right += u64::from(risk[early] > risk[late]);
                    counts.tied += u64::from(risk[early] == risk[late]);
                }
            }
        }
        counts
    }

    #[test]
    fn the_tree_counts_as_all_pairs_do_with_ties_everywhere() {
        let mut state = 3_u64;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for n in [1, 2, 7, 60, 200] {
            for n_values in [1, 3, 40, 1000] {
                let times = (0..n).map(|_| below(n_values) as f64).collect();
                let is_event = (0..n).map(|_| below(3) > 0).collect();
                let risk: Vec<f64> = (0..n).map(|_| below(n_values) as f64 - 5.0).collect();
                let observed = Observed { times, is_event };
                assert_eq!(
                    Concordance::count(&observed, &risk),
                    all_pairs(&observed, &risk),
                    "{n} {n_values}"
                );
            }
        }
    }
}
