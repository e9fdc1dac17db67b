//! Adversarial validation: can a learner tell two sets of rows apart by their features? Where it cannot,
//! what helps on the one helps on the other.
//!
//! Boosted stumps on binned columns, judged on rows they have not seen. Nothing is random, and sums have a
//! fixed order: the same files give the same answer on every machine.

use std::collections::HashMap;

use super::frame::frequencies;
use super::kinds::number;
use crate::audit::normal;
use crate::kernels::average_ranks;

const ROUNDS: usize = 30;
const RATE: f64 = 0.3;
/// Keeps leaves of few rows small.
const RIDGE: f64 = 1.0;
const FOLDS: usize = 3;
/// Bins of a column; the first is for cells that are missing or rare.
const BINS: usize = 32;
/// The stream of the order that makes the folds.
const FOLD_ORDER: u64 = 77;

/// A column, row by row, as places in a scale or as names of categories.
pub struct Feature {
    bins: Vec<u8>,
    is_category: bool,
}

impl Feature {
    /// Of cells as they stand in a file.
    pub fn of(cells: &[&str]) -> Self {
        let is_missing = |cell: &&str| cell.trim().is_empty();
        let numbers: Vec<Option<f64>> = cells.iter().map(|cell| number(cell)).collect();
        if cells.iter().zip(&numbers).all(|(cell, number)| number.is_some() || is_missing(cell)) {
            return Self::of_numbers(&numbers);
        }
        let counts = frequencies(cells.iter().copied());
        let n_named: usize = counts.iter().take(BINS - 1).map(|(_, n)| n).sum();
        if n_named * 2 < cells.len() {
            // Texts: nearly no two alike, but often of other lengths.
            return Self::of_numbers(
                &cells.iter().map(|cell| Some(cell.chars().count() as f64)).collect::<Vec<_>>(),
            );
        }
        let bin_of: HashMap<&str, u8> =
            (1..).zip(counts.iter().take(BINS - 1)).map(|(bin, (cell, _))| (*cell, bin)).collect();
        Self {
            bins: cells.iter().map(|cell| bin_of.get(cell).copied().unwrap_or(0)).collect(),
            is_category: true,
        }
    }

    fn of_numbers(numbers: &[Option<f64>]) -> Self {
        let mut sorted: Vec<f64> = numbers.iter().copied().flatten().collect();
        sorted.sort_by(f64::total_cmp);
        let mut edges: Vec<f64> =
            (1..BINS - 1).filter_map(|edge| sorted.get(edge * sorted.len() / (BINS - 1)).copied()).collect();
        edges.dedup();
        let bin = |number: f64| 1 + edges.partition_point(|edge| *edge <= number) as u8;
        Self { bins: numbers.iter().map(|number| number.map_or(0, bin)).collect(), is_category: false }
    }
}

/// How well the two sets are told apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToldApart {
    /// The chance that a row of the second set is ranked above one of the first: 0.5 when nothing tells.
    pub auc: f64,
    /// Its standard error where nothing tells.
    pub error: f64,
    /// The place of the column that told most.
    pub column: usize,
}

/// Has a learner guess on which side every row stands.
pub fn tell_apart(features: &[Feature], is_second: &[bool]) -> Option<ToldApart> {
    let n = is_second.len();
    let mut fold_of = vec![0; n];
    normal::order(n, FOLD_ORDER)
        .into_iter()
        .enumerate()
        .for_each(|(at, row)| fold_of[row as usize] = at % FOLDS);
    let mut gains = vec![0.0; features.len()];
    let mut sum = 0.0;
    for fold in 0..FOLDS {
        let (held, seen): (Vec<u32>, Vec<u32>) =
            (0..n as u32).partition(|row| fold_of[*row as usize] == fold);
        let stumps = learn(features, is_second, &seen);
        stumps.iter().for_each(|stump| gains[stump.column] += stump.gain);
        let scores: Vec<f64> =
            held.iter().map(|row| stumps.iter().map(|stump| stump.leaf(features, *row)).sum()).collect();
        let sides: Vec<bool> = held.iter().map(|row| is_second[*row as usize]).collect();
        sum += area(&scores, &sides)?;
    }
    let n_second = is_second.iter().filter(|is| **is).count() as f64;
    let n_first = n as f64 - n_second;
    let error = ((n as f64 + 1.0) / (12.0 * n_first * n_second)).sqrt();
    let most =
        (0..gains.len()).fold(0, |most, column| if gains[column] > gains[most] { column } else { most });
    Some(ToldApart { auc: sum / FOLDS as f64, error, column: most })
}

/// The area under the ROC curve; `None` where one side has no row.
fn area(scores: &[f64], is_second: &[bool]) -> Option<f64> {
    let ranks = average_ranks(scores);
    let sum: f64 = ranks.iter().zip(is_second).filter(|(_, is)| **is).map(|(rank, _)| rank).sum();
    let n_second = is_second.iter().filter(|is| **is).count() as f64;
    let n_first = is_second.len() as f64 - n_second;
    (n_first > 0.0 && n_second > 0.0)
        .then(|| (sum - n_second * (n_second + 1.0) / 2.0) / (n_first * n_second))
}

/// A question about one column with an answer for either side.
struct Stump {
    column: usize,
    bin: u8,
    yes: f64,
    no: f64,
    gain: f64,
}

impl Stump {
    fn leaf(&self, features: &[Feature], row: u32) -> f64 {
        let feature = &features[self.column];
        let bin = feature.bins[row as usize];
        let is_yes = if feature.is_category { bin == self.bin } else { bin <= self.bin };
        if is_yes { self.yes } else { self.no }
    }
}

fn learn(features: &[Feature], is_second: &[bool], seen: &[u32]) -> Vec<Stump> {
    let mut scores = vec![0.0; seen.len()];
    let mut stumps = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let slopes: Vec<(f64, f64)> = seen
            .iter()
            .zip(&scores)
            .map(|(row, score)| {
                let chance = 1.0 / (1.0 + libm::exp(-score));
                (f64::from(u8::from(is_second[*row as usize])) - chance, chance * (1.0 - chance))
            })
            .collect();
        let best = (0..features.len()).filter_map(|column| best_question(features, column, seen, &slopes));
        let Some(stump) = best.reduce(|best, next| if next.gain > best.gain { next } else { best }) else {
            break;
        };
        seen.iter().zip(&mut scores).for_each(|(row, score)| *score += stump.leaf(features, *row));
        stumps.push(stump);
    }
    stumps
}

/// The question about a column that explains most of the slopes.
fn best_question(features: &[Feature], column: usize, seen: &[u32], slopes: &[(f64, f64)]) -> Option<Stump> {
    let feature = &features[column];
    let mut of_bin = [(0.0, 0.0); BINS + 1];
    for (row, (slope, curve)) in seen.iter().zip(slopes) {
        let sums = &mut of_bin[feature.bins[*row as usize] as usize];
        *sums = (sums.0 + slope, sums.1 + curve);
    }
    let all = of_bin.iter().fold((0.0, 0.0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1));
    let worth = |(slope, curve): (f64, f64)| slope * slope / (curve + RIDGE);
    let mut below = (0.0, 0.0);
    let mut best: Option<Stump> = None;
    for (bin, sums) in of_bin.iter().enumerate() {
        below = (below.0 + sums.0, below.1 + sums.1);
        let yes = if feature.is_category { *sums } else { below };
        let no = (all.0 - yes.0, all.1 - yes.1);
        let gain = worth(yes) + worth(no) - worth(all);
        if gain > best.as_ref().map_or(1e-9, |best| best.gain) {
            let leaf = |(slope, curve): (f64, f64)| RATE * slope / (curve + RIDGE);
            best = Some(Stump { column, bin: bin as u8, yes: leaf(yes), no: leaf(no), gain });
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cells: impl Fn(usize) -> String) -> ToldApart {
        let noise: Vec<String> = normal::order(600, 5).iter().map(u32::to_string).collect();
        let telling: Vec<String> = (0..600).map(cells).collect();
        let texts = |cells: &[String]| Feature::of(&cells.iter().map(String::as_str).collect::<Vec<_>>());
        let is_second: Vec<bool> = (0..600).map(|row| row % 3 == 0).collect();
        tell_apart(&[texts(&noise), texts(&telling)], &is_second).expect("two sides")
    }

    #[test]
    fn sets_that_differ_are_told_apart_and_others_are_not() {
        let by_number = told(|row| (row % 17 + if row % 3 == 0 { 9 } else { 0 }).to_string());
        assert!(by_number.auc > 0.8 && by_number.column == 1, "{by_number:?}");
        let by_name = told(|row| {
            if row % 3 == 0 && row % 2 == 0 { "red" } else { ["blue", "green"][row % 2] }.to_owned()
        });
        assert!(by_name.auc > 0.6 && by_name.column == 1, "{by_name:?}");
        let missing = told(|row| if row % 3 == 0 { String::new() } else { (row % 5).to_string() });
        assert!(missing.auc > 0.99, "{missing:?}");
        let other = normal::order(600, 6);
        let alike = told(|row| (other[row] / 7).to_string());
        assert!((alike.auc - 0.5).abs() < 4.0 * alike.error, "{alike:?}");
    }

    #[test]
    fn an_area_counts_ties_half() {
        assert_eq!(area(&[1.0, 1.0, 2.0, 3.0], &[false, true, false, true]), Some(0.625));
        assert_eq!(area(&[1.0], &[true]), None);
    }
}
