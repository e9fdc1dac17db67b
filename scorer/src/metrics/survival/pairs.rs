//! Every event against all rows that were observed longer, counted with a Fenwick tree in
//! O(n log n). Counts are exact.
//!
//! A pair can be compared when the earlier time is an event; at equal times when one of the two is an
//! event and the other is not.

use super::Observed;
use crate::kernels::{Fenwick, places};

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
    let mut tree = Fenwick::<u64>::new(n_places);
    let mut order = observed.by_time();
    order.reverse();
    for together in order.chunk_by(|a, b| observed.times[*a] == observed.times[*b]) {
        let (events, censored): (Vec<usize>, Vec<usize>) =
            together.iter().partition(|row| observed.is_event[**row]);
        censored.iter().for_each(|row| tree.add(places[*row], 1));
        for row in &events {
            let lower = tree.below(places[*row]);
            let equal = tree.below(places[*row] + 1) - lower;
            take(Outlasted { row: *row, lower, equal, all: tree.total() });
        }
        events.iter().for_each(|row| tree.add(places[*row], 1));
    }
}

/// What pairs come to: the right ones, a tied one counting half; and all that can be compared. Counts are whole and
/// half numbers, which are exact up to 2^53.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Share {
    pub(crate) right: f64,
    pub(crate) all: f64,
}

impl Share {
    fn count(lower: u64, equal: u64, all: u64) -> Self {
        Self { right: lower as f64 + 0.5 * equal as f64, all: all as f64 }
    }
}

/// Of every event: its pairs with the rows that outlasted it. Other rows have none.
pub(crate) fn shares_of_events(observed: &Observed, risk: &[f64]) -> Vec<Share> {
    let mut shares = vec![Share::default(); observed.len()];
    outlasted(observed, risk, |pairs| {
        shares[pairs.row] = Share::count(pairs.lower, pairs.equal, pairs.all);
    });
    shares
}

/// Of every row: its pairs with the events that it outlasted, each times the event's weight.
pub(crate) fn shares_of_later(observed: &Observed, risk: &[f64], weights: &[f64]) -> Vec<Share> {
    let (places, n_places) = places(risk);
    let mut tree = Fenwick::<f64>::new(n_places);
    let mut shares = vec![Share::default(); observed.len()];
    let share = |tree: &Fenwick<f64>, row: usize| {
        let not_higher = tree.below(places[row] + 1);
        let equal = not_higher - tree.below(places[row]);
        Share { right: tree.total() - not_higher + 0.5 * equal, all: tree.total() }
    };
    let order = observed.by_time();
    for together in order.chunk_by(|a, b| observed.times[*a] == observed.times[*b]) {
        let (events, censored): (Vec<usize>, Vec<usize>) =
            together.iter().partition(|row| observed.is_event[**row]);
        events.iter().for_each(|row| shares[*row] = share(&tree, *row));
        events.iter().for_each(|row| tree.add(places[*row], weights[*row]));
        censored.iter().for_each(|row| shares[*row] = share(&tree, *row));
    }
    shares
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

    fn shares_of_all_pairs(observed: &Observed, risk: &[f64], weights: &[f64]) -> [Vec<Share>; 2] {
        let n = observed.len();
        let mut shares = [vec![Share::default(); n], vec![Share::default(); n]];
        for early in 0..n {
            for late in 0..n {
                let (a, b) = (observed.times[early], observed.times[late]);
                if observed.is_event[early] && (a < b || (a == b && !observed.is_event[late])) {
                    let ordering = risk[early].total_cmp(&risk[late]);
                    let right = [0.0, 0.5, 1.0][(ordering as i8 + 1) as usize];
                    for (of, row, weight) in [(0, early, 1.0), (1, late, weights[early])] {
                        shares[of][row].right += weight * right;
                        shares[of][row].all += weight;
                    }
                }
            }
        }
        shares
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
                let weights: Vec<f64> = (0..n).map(|_| below(9) as f64 / 4.0).collect();
                let [events, later] = shares_of_all_pairs(&observed, &risk, &weights);
                assert_eq!(shares_of_events(&observed, &risk), events, "{n} {n_values}");
                assert_eq!(shares_of_later(&observed, &risk, &weights), later, "{n} {n_values}");
            }
        }
    }
}
