//! Order: sort keys, ranks with ties, Kendall's tau, and walks over score thresholds.

use holdout_evaluator::{Evaluator, Suite, order_key, radix};

/// The middle value, or the mean of the two middle ones.
///
/// # Panics
/// When there are no values.
pub fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if below.len() == middle && values.len() % 2 == 1 {
        return upper;
    }
    let lower = values[..middle].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    lower / 2.0 + upper / 2.0
}

/// Ranks from 1; ties share their average.
pub fn average_ranks(values: &[f64]) -> Vec<f64> {
    average_ranks_of(values, &ascending(values))
}

/// As [`average_ranks`], where the order of the values, lowest first, is known.
pub fn average_ranks_of(values: &[f64], order: &[u32]) -> Vec<f64> {
    let mut ranks = vec![0.0; values.len()];
    let mut n_below = 0.0;
    for tied in order.chunk_by(|a, b| values[*a as usize] == values[*b as usize]) {
        let rank = n_below + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|at| ranks[*at as usize] = rank);
        n_below += tied.len() as f64;
    }
    ranks
}

/// For every row, what all rows above it hold together, and half of what its equals hold.
pub fn sums_above(values: &[f64], held: &[f64]) -> Vec<f64> {
    let order = ascending(values);
    let mut sums = vec![0.0; values.len()];
    let mut above = 0.0;
    for tied in order.chunk_by(|a, b| values[*a as usize] == values[*b as usize]).rev() {
        let own: f64 = tied.iter().map(|at| held[*at as usize]).sum();
        tied.iter().for_each(|at| sums[*at as usize] = above + own / 2.0);
        above += own;
    }
    sums
}

fn ascending(values: &[f64]) -> Vec<u32> {
    radix::order(values.len(), |at| order_key(values[at]))
}

/// Kendall's tau-b by counting exchanges of a merge sort. Neither side may be constant.
pub fn kendall_tau_b(y: &[f64], p: &[f64]) -> f64 {
    let mut order: Vec<u32> = (0..y.len() as u32).collect();
    let key = |at: &u32| (order_key(y[*at as usize]), order_key(p[*at as usize]));
    order.sort_unstable_by_key(key);
    let ties_y = tied_pairs(order.chunk_by(|a, b| key(a).0 == key(b).0).map(<[u32]>::len));
    let ties_both = tied_pairs(order.chunk_by(|a, b| key(a) == key(b)).map(<[u32]>::len));
    let mut sequence: Vec<u64> = order.iter().map(|at| key(at).1).collect();
    let exchanges = count_exchanges(&mut sequence);
    let ties_p = tied_pairs(sequence.chunk_by(|a, b| a == b).map(<[u64]>::len));
    let n = y.len() as u128;
    let pairs = n * (n - 1) / 2;
    let difference =
        pairs as i128 - ties_y as i128 - ties_p as i128 + ties_both as i128 - 2 * exchanges as i128;
    let tau = difference as f64 / ((pairs - ties_y) as f64).sqrt() / ((pairs - ties_p) as f64).sqrt();
    tau.clamp(-1.0, 1.0)
}

fn tied_pairs(sizes: impl Iterator<Item = usize>) -> u128 {
    sizes.map(|size| size as u128 * (size as u128 - 1) / 2).sum()
}

/// Sorts and returns how many pairs were in falling order.
fn count_exchanges(values: &mut [u64]) -> u128 {
    let mut buffer = values.to_vec();
    let mut exchanges = 0;
    let mut width = 1;
    while width < values.len() {
        for start in (0..values.len()).step_by(2 * width) {
            let middle = (start + width).min(values.len());
            let end = (start + 2 * width).min(values.len());
            exchanges += merge(&values[start..middle], &values[middle..end], &mut buffer[start..end]);
        }
        values.copy_from_slice(&buffer);
        width *= 2;
    }
    exchanges
}

fn merge(left: &[u64], right: &[u64], into: &mut [u64]) -> u128 {
    let (mut l, mut r, mut exchanges) = (0, 0, 0);
    for place in into {
        if r == right.len() || (l < left.len() && left[l] <= right[r]) {
            *place = left[l];
            l += 1;
        } else {
            *place = right[r];
            r += 1;
            exchanges += (left.len() - l) as u128;
        }
    }
    exchanges
}

const POSITIVE: f64 = 1.0;
const NEGATIVE: f64 = 0.0;

/// Keys of the scores of one class's rows: the highest score has the lowest key.
fn class_keys(truth: &[f64], score: &[f64], class: f64) -> Vec<u64> {
    let rows = truth.iter().zip(score).filter(|(truth, _)| **truth == class);
    let mut keys = Vec::with_capacity(truth.iter().filter(|truth| **truth == class).count());
    keys.extend(rows.map(|(_, score)| !order_key(*score)));
    keys
}

/// Scores of some rows as keys, highest score first, those of positives and of negatives apart: plain
/// keys, nothing carried along.
pub struct SortedScores {
    positive: Vec<u64>,
    negative: Vec<u64>,
}

impl SortedScores {
    pub fn of(truth: &[f64], score: &[f64]) -> Self {
        let sorted = |class| radix::sort(class_keys(truth, score, class));
        Self { positive: sorted(POSITIVE), negative: sorted(NEGATIVE) }
    }

    /// As [`Self::of`], of several files' scores of the same rows.
    pub fn of_all(truth: &[f64], scores: &[&[f64]], evaluator: &Evaluator) -> Vec<Self> {
        let sorted = |class| {
            let keys: Vec<_> = scores.iter().map(|score| class_keys(truth, score, class)).collect();
            let columns: Vec<&[u64]> = keys.iter().map(Vec::as_slice).collect();
            let Ok(sorted) = evaluator.sorted(&columns);
            sorted
        };
        let both = sorted(POSITIVE).into_iter().zip(sorted(NEGATIVE));
        both.map(|(positive, negative)| Self { positive, negative }).collect()
    }

    pub fn n_positive(&self) -> usize {
        self.positive.len()
    }

    pub fn n_negative(&self) -> usize {
        self.negative.len()
    }
}

/// Calls `take` with the number of positives and of negatives at every distinct score of all these rows
/// together, highest first.
pub fn counted_thresholds(parts: &[SortedScores], mut take: impl FnMut(f64, f64)) {
    let mut rests: Vec<(&[u64], &[u64])> =
        parts.iter().map(|part| (part.positive.as_slice(), part.negative.as_slice())).collect();
    let first = |keys: &[u64]| keys.first().copied().unwrap_or(u64::MAX);
    while rests.iter().any(|(positive, negative)| !positive.is_empty() || !negative.is_empty()) {
        let heads = rests.iter().map(|(positive, negative)| first(positive).min(first(negative)));
        let key = heads.min().unwrap_or(u64::MAX);
        let (mut n_positive, mut n_negative) = (0, 0);
        for (positive, negative) in &mut rests {
            n_positive += pass(positive, key);
            n_negative += pass(negative, key);
        }
        take(n_positive as f64, n_negative as f64);
    }
}

/// Goes past the keys that equal this one; returns how many there were.
fn pass(keys: &mut &[u64], key: u64) -> usize {
    let n = keys.iter().take_while(|other| **other == key).count();
    *keys = &keys[n..];
    n
}

/// Calls `take` with the weight of positives and of negatives at every distinct score, highest first.
pub fn weighted_thresholds(truth: &[f64], score: &[f64], weights: &[f64], mut take: impl FnMut(f64, f64)) {
    let mut order = ascending(score);
    order.reverse();
    for tied in order.chunk_by(|a, b| score[*a as usize] == score[*b as usize]) {
        let side = |wanted: f64| {
            crate::kernels::sum(tied.len(), |at| {
                let row = tied[at] as usize;
                if truth[row] == wanted { weights[row] } else { 0.0 }
            })
        };
        take(side(1.0), side(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ranks() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(average_ranks(&[10.0, 20.0, 10.0, 30.0]), [1.5, 3.0, 1.5, 4.0]);
    }

    #[test]
    fn tau_by_hand() {
        assert_eq!(kendall_tau_b(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), 1.0);
        let tau = kendall_tau_b(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0]);
        assert!((tau - 4.0 / 6.0).abs() < 1e-15);
    }
}
