//! The definitions, word for word and slow: what the others are compared with.

use std::collections::BTreeMap;
use std::convert::Infallible;

use crate::philox::Draw;
use crate::ranking::Ranking;
use crate::segments;
use crate::suite::{Pair, Run, Suite};

#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Suite for Plain {
    type Error = Infallible;

    fn sums(&self, columns: &[&[f64]]) -> Result<Vec<f64>, Infallible> {
        Ok(columns.iter().map(|column| total(column)).collect())
    }

    fn orders(&self, columns: &[&[u64]]) -> Result<Vec<Vec<u32>>, Infallible> {
        let order = |keys: &&[u64]| {
            let mut rows: Vec<u32> = (0..keys.len() as u32).collect();
            rows.sort_by_key(|row| keys[*row as usize]);
            rows
        };
        Ok(columns.iter().map(order).collect())
    }

    fn sorted(&self, columns: &[&[u64]]) -> Result<Vec<Vec<u64>>, Infallible> {
        let sorted = |keys: &&[u64]| {
            let mut keys = keys.to_vec();
            keys.sort();
            keys
        };
        Ok(columns.iter().map(sorted).collect())
    }

    fn weights(&self, draw: Draw, n_rows: usize) -> Result<Vec<u8>, Infallible> {
        let of_row = |row| (0..draw.n_replicates as u32).map(move |replicate| draw.weight(replicate, row));
        Ok((0..n_rows as u32).flat_map(of_row).collect())
    }

    fn roc_auc(&self, rankings: &[&Ranking], draw: Draw) -> Result<Vec<Vec<f64>>, Infallible> {
        Ok(each(rankings, draw, |ranking, weight| {
            let rows = placed(ranking, weight);
            let (mut won, mut pairs) = (0.0, 0.0);
            for (tie, _, weight) in rows.iter().filter(|(_, is_positive, _)| *is_positive) {
                for (other_tie, _, other_weight) in rows.iter().filter(|(_, is_positive, _)| !is_positive) {
                    let part = match tie.cmp(other_tie) {
                        std::cmp::Ordering::Less => 1.0,
                        std::cmp::Ordering::Equal => 0.5,
                        std::cmp::Ordering::Greater => 0.0,
                    };
                    won += part * weight * other_weight;
                    pairs += weight * other_weight;
                }
            }
            won / pairs
        }))
    }

    fn average_precision(&self, rankings: &[&Ranking], draw: Draw) -> Result<Vec<Vec<f64>>, Infallible> {
        Ok(each(rankings, draw, |ranking, weight| {
            let rows = placed(ranking, weight);
            let sum = |keep: &dyn Fn(usize, bool) -> bool| -> f64 {
                rows.iter().filter(|row| keep(row.0, row.1)).map(|row| row.2).sum()
            };
            let n_positive = sum(&|_, is_positive| is_positive);
            let n_ties = rows.last().map_or(0, |row| row.0 + 1);
            let gains = (0..n_ties).map(|threshold| {
                let gained = sum(&|tie, is_positive| is_positive && tie == threshold);
                let found = sum(&|tie, is_positive| is_positive && tie <= threshold);
                let taken = sum(&|tie, _| tie <= threshold);
                if gained > 0.0 { gained / n_positive * (found / taken) } else { 0.0 }
            });
            if n_positive > 0.0 { gains.sum() } else { f64::NAN }
        }))
    }

    fn means(&self, columns: &[&[f64]], draw: Draw) -> Result<Vec<Vec<f64>>, Infallible> {
        Ok(each(columns, draw, |column, weight| {
            let weights: Vec<f64> = (0..column.len()).map(weight).collect();
            let weighted: Vec<f64> =
                column.iter().zip(&weights).map(|(value, weight)| value * weight).collect();
            total(&weighted) / total(&weights)
        }))
    }

    fn segment_means(&self, values: &[f64], ends: &[u32]) -> Result<Vec<f64>, Infallible> {
        let mean = |at: usize| {
            let segment = segments::of(values, ends, at);
            total(segment) / segment.len() as f64
        };
        Ok((0..ends.len()).map(mean).collect())
    }

    fn overlaps(&self, pairs: &[(&[Run], &[Run])]) -> Result<Vec<u64>, Infallible> {
        let places = |runs: &[Run]| -> BTreeMap<u64, ()> {
            let of_run = |run: &Run| (u64::from(run.start)..).take(run.length as usize);
            runs.iter().flat_map(of_run).map(|place| (place, ())).collect()
        };
        let both = |(a, b): &(&[Run], &[Run])| {
            let b = places(b);
            places(a).keys().filter(|place| b.contains_key(place)).count() as u64
        };
        Ok(pairs.iter().map(both).collect())
    }

    fn distances(&self, pairs: &[Pair<'_>]) -> Result<Vec<u32>, Infallible> {
        Ok(pairs.iter().map(|(a, b)| distance(a, b)).collect())
    }

    fn text_distances(&self, pairs: &[(&str, &str)]) -> Result<Vec<u32>, Infallible> {
        let points = |text: &str| text.chars().map(u32::from).collect::<Vec<u32>>();
        Ok(pairs.iter().map(|(a, b)| distance(&points(a), &points(b))).collect())
    }

    fn products(&self, columns: &[&[f32]], with: &[&[f32]]) -> Result<Vec<Vec<f64>>, Infallible> {
        let product = |a: &[f32], b: &[f32]| {
            let terms: Vec<f64> = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).collect();
            total(&terms)
        };
        let with_all = |with: &&[f32]| columns.iter().map(|column| product(column, with)).collect();
        Ok(with.iter().map(with_all).collect())
    }
}

fn each<T: Copy>(
    columns: &[T],
    draw: Draw,
    value: impl Fn(T, &dyn Fn(usize) -> f64) -> f64,
) -> Vec<Vec<f64>> {
    let of_column = |column: &T| {
        let of_replicate = |replicate| value(*column, &|row| f64::from(draw.weight(replicate, row as u32)));
        (0..draw.n_replicates as u32).map(of_replicate).collect()
    };
    columns.iter().map(of_column).collect()
}

/// Number of the tie, class and weight of every row, by falling score.
fn placed(ranking: &Ranking, weight: &dyn Fn(usize) -> f64) -> Vec<(usize, bool, f64)> {
    let mut tie = 0;
    let place = |code: crate::ranking::Code| {
        let row = (tie, code.is_positive(), weight(code.row()));
        tie += usize::from(code.ends_tie());
        row
    };
    ranking.codes().map(place).collect()
}

/// In double the precision: two sums that hold what the first of them lost (Knuth's two-sum).
fn total(values: &[f64]) -> f64 {
    let (mut sum, mut rest) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = sum + value;
        let part = next - sum;
        rest += (sum - (next - part)) + (value - part);
        sum = next;
    }
    sum + rest
}

fn distance(a: &[u32], b: &[u32]) -> u32 {
    let mut row: Vec<u32> = (0..=b.len() as u32).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i as u32 + 1);
        for (j, y) in b.iter().enumerate() {
            let cost = (diagonal + u32::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}
