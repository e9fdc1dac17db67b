//! What the solution itself gives away: an order of rows or ids that predicts the label, and public
//! rows that are not like the private ones.
//!
//! Never here: a row's label or id in a text.

use std::collections::BTreeMap;

use holdout_contract::examine::Finding;

use super::{pass, warn};
use crate::intake::columns::Id;
use crate::kernels::average_ranks;
use crate::solution::{Solution, Split, Truth};

/// Fewer rows say nothing.
const FEW: usize = 30;
/// A correlation of ranks that is worth a word, when it is no chance.
const NOTABLE: f64 = 0.1;
/// So many standard errors are no chance.
const CERTAIN: f64 = 5.0;
/// As rare as [`CERTAIN`] standard errors.
const NEVER: f64 = 5e-7;
/// Two sides that differ by more than chance does once in a thousand splits.
const RARE: f64 = 0.001;

/// Whether the order of rows, or the split, gives labels away; nothing of few rows, and of targets that are no numbers.
pub fn examine(solution: &Solution) -> Vec<Finding> {
    let range = solution.range(Split::All);
    if range.len() < FEW {
        return Vec::new();
    }
    let Some(labels) = solution.truths.first().and_then(|truth| numbers(truth, range.len())) else {
        return Vec::new();
    };
    std::iter::once(order(solution, &labels)).chain(sides(solution, &labels)).collect()
}

fn numbers(truth: &Truth, n: usize) -> Option<Vec<f64>> {
    match truth {
        Truth::Numbers(numbers) => Some(numbers[..n].to_vec()),
        Truth::Codes(codes) => Some(codes[..n].iter().map(|code| f64::from(*code)).collect()),
        Truth::Texts(_) => None,
    }
}

fn order(solution: &Solution, labels: &[f64]) -> Finding {
    let rows: Vec<f64> = solution.row_numbers[..labels.len()].iter().map(|row| f64::from(*row)).collect();
    let mut ids = vec![None; solution.n_rows()];
    for (id, slot) in solution.index.entries() {
        ids[slot as usize] = as_number(id);
    }
    let ids: Option<Vec<f64>> = ids[..labels.len()].iter().copied().collect();
    let is_ordered =
        matches!(solution.truths.first(), Some(Truth::Numbers(_))) || solution.class_names().len() == 2;
    let telling = |values: Vec<f64>| match is_ordered {
        true => telling(&values, labels),
        false => telling_classes(&values, labels),
    };
    let told = [("the order of the rows", Some(rows)), ("the id", ids)]
        .into_iter()
        .find_map(|(what, values)| Some((what, telling(values?)?)));
    match told {
        None => pass(
            "order_predicts",
            "Neither the order of the rows nor the id tells anything about the labels.",
        ),
        Some((what, correlation)) => warn(
            "order_predicts",
            format!(
                "Whoever looks at {what} alone can guess the labels and needs no features. On a scale from 0 (it tells nothing) to 1 (it tells all) the two agree by {:.2}.",
                correlation.abs()
            ),
            "Shuffle the rows of test and solution, and give them ids that say nothing.",
        ),
    }
}

/// An id's number, also of one like `row_17`.
fn as_number(id: Id<'_>) -> Option<f64> {
    let text = id.to_string();
    let digits = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    text.parse().or_else(|_| digits.parse()).ok().filter(|number: &f64| number.is_finite())
}

/// As [`telling`], of classes without an order: the root of the share of the ranks' variance that lies between
/// classes (Kruskal and Wallis).
fn telling_classes(values: &[f64], labels: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let centre = (n + 1.0) / 2.0;
    let ranks = average_ranks(values);
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (rank, label) in ranks.iter().zip(labels) {
        let sum = sums.entry(label.to_bits()).or_default();
        *sum = (sum.0 + rank - centre, sum.1 + 1.0);
    }
    let between: f64 = sums.values().map(|(sum, count)| sum * sum / count).sum();
    let whole: f64 = ranks.iter().map(|rank| (rank - centre).powi(2)).sum();
    let freedom = sums.len() as f64 - 1.0;
    if whole <= 0.0 || freedom < 1.0 {
        return None;
    }
    let told = (between / whole).sqrt();
    let chance = exceeding((n - 1.0) * between / whole, freedom);
    (chance < NEVER && told > NOTABLE).then_some(told)
}

/// The correlation of ranks, where it is no chance and worth a word.
fn telling(values: &[f64], labels: &[f64]) -> Option<f64> {
    let correlation = rank_correlation(values, labels)?;
    let is_certain = correlation.abs() * ((labels.len() - 1) as f64).sqrt() > CERTAIN;
    (is_certain && correlation.abs() > NOTABLE).then_some(correlation)
}

/// Spearman's correlation; `None` where one side is constant.
pub(super) fn rank_correlation(one: &[f64], other: &[f64]) -> Option<f64> {
    let (a, b) = (average_ranks(one), average_ranks(other));
    let centre = (one.len() as f64 + 1.0) / 2.0;
    let product =
        |x: &[f64], y: &[f64]| crate::kernels::sum(x.len(), |at| (x[at] - centre) * (y[at] - centre));
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    (scale > 0.0).then(|| product(&a, &b) / scale)
}

/// Whether public and private labels may come from one distribution.
fn sides(solution: &Solution, labels: &[f64]) -> Option<Finding> {
    let (public, private) = labels.split_at(solution.n_public());
    if public.len() < FEW || private.len() < FEW {
        return None;
    }
    let counts = [Split::Public, Split::Private].map(|split| solution.class_counts(split));
    let chance = match counts[0].is_empty() {
        true => of_numbers(public, private),
        false => of_counts(&counts[0], &counts[1]),
    };
    Some(if chance >= RARE {
        pass("sides_alike", "Public and private labels look alike.")
    } else {
        warn(
            "sides_alike",
            "Public and private labels are distributed differently, more than chance explains: what helps on the public board may not help in the end.",
            "Leave the column “Usage” out and have the split made, or say in the rules how the two sides differ (later days, other groups).",
        )
    })
}

/// The chance of a distance like this between two samples of one distribution (Kolmogorov and Smirnov).
fn of_numbers(public: &[f64], private: &[f64]) -> f64 {
    let sorted = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted
    };
    let (a, b) = (sorted(public), sorted(private));
    let share = |sorted: &[f64], value: f64| {
        sorted.partition_point(|known| *known <= value) as f64 / sorted.len() as f64
    };
    let distance =
        a.iter().chain(&b).map(|value| (share(&a, *value) - share(&b, *value)).abs()).fold(0.0, f64::max);
    let n = (a.len() * b.len()) as f64 / (a.len() + b.len()) as f64;
    (2.0 * libm::exp(-2.0 * n * distance * distance)).min(1.0)
}

/// The chance of counts like these (chi-square).
fn of_counts(public: &[u64], private: &[u64]) -> f64 {
    let total = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
    let (n_public, n_private) = (total(public), total(private));
    let (mut distance, mut n_classes) = (0.0, 0.0);
    for (a, b) in public.iter().zip(private).filter(|(a, b)| **a + **b > 0) {
        n_classes += 1.0;
        for (count, n) in [(*a, n_public), (*b, n_private)] {
            let expected = (*a + *b) as f64 * n / (n_public + n_private);
            distance += (count as f64 - expected).powi(2) / expected;
        }
    }
    let freedom: f64 = n_classes - 1.0;
    if freedom < 1.0 {
        return 1.0;
    }
    exceeding(distance, freedom)
}

/// The chance that chi-square is larger (after Wilson and Hilferty).
fn exceeding(distance: f64, freedom: f64) -> f64 {
    let scale = 2.0 / (9.0 * freedom);
    let score = ((distance / freedom).cbrt() - (1.0 - scale)) / scale.sqrt();
    0.5 * libm::erfc(score / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_those_of_the_tables() {
        let even: Vec<f64> = (0..200).map(f64::from).collect();
        let shifted: Vec<f64> = even.iter().map(|value| value + 60.0).collect();
        assert!(of_numbers(&even, &even) > 0.99);
        assert!(of_numbers(&even, &shifted) < RARE);
        // 3.841 is the 95th percentile of chi-square with one degree of freedom.
        assert!(of_counts(&[50, 50], &[50, 50]) > 0.3);
        assert!(of_counts(&[80, 20], &[50, 50]) < RARE);
    }

    #[test]
    fn an_order_that_tells_is_noticed() {
        let rows: Vec<f64> = (0..100).map(f64::from).collect();
        let falling: Vec<f64> = rows.iter().map(|row| -row).collect();
        assert!(telling(&rows, &falling).is_some_and(|correlation| (correlation + 1.0).abs() < 1e-12));
        let mixed: Vec<f64> = rows.iter().map(|row| (row * 37.0) % 100.0).collect();
        assert_eq!(telling(&rows, &mixed), None);
        assert_eq!(rank_correlation(&rows, &vec![1.0; 100]), None);
    }

    #[test]
    fn classes_in_blocks_are_told_by_their_place() {
        let rows: Vec<f64> = (0..90).map(f64::from).collect();
        let blocks: Vec<f64> = (0..90).map(|row| f64::from([2, 0, 1][row / 30])).collect();
        assert!(telling_classes(&rows, &blocks).is_some_and(|told| told > 0.9));
        let mixed: Vec<f64> = (0..90).map(|row| f64::from(row * 7 % 3)).collect();
        assert_eq!(telling_classes(&rows, &mixed), None);
        assert_eq!((as_number(Id::Text("row_17")), as_number(Id::Text("x"))), (Some(17.0), None));
    }
}
