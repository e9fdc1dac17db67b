//! How fast the suite is, for the benchmarks: made-up inputs, real work.

use std::time::Instant;

use holdout_intake::parallel;
use serde::Serialize;

use crate::philox::{Draw, philox4x32};
use crate::radix::order_key;
use crate::ranking::Ranking;
use crate::suite::{Run, Suite};

/// How much is computed.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub teams: usize,
    pub rows: usize,
    /// Of the only file, where there is one.
    pub rows_of_one: usize,
    pub replicates: usize,
    /// Of the products, which have more teams than the replicates.
    pub columns: usize,
    /// Of masks and of texts.
    pub pairs: usize,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Computation {
    AucOfTeams,
    AucOfOne,
    PrecisionOfTeams,
    MeansOfOne,
    Orders,
    Products,
    ProductsOfOne,
    Sums,
    SegmentMeans,
    Overlaps,
    Distances,
}

impl Computation {
    pub const ALL: [Self; 11] = [
        Self::AucOfTeams,
        Self::AucOfOne,
        Self::PrecisionOfTeams,
        Self::MeansOfOne,
        Self::Orders,
        Self::Products,
        Self::ProductsOfOne,
        Self::Sums,
        Self::SegmentMeans,
        Self::Overlaps,
        Self::Distances,
    ];
}

/// What a computation took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    pub what: Computation,
    /// The median of all runs.
    pub seconds: f64,
    pub n_runs: usize,
    /// Visits of a row in a replicate, terms of sums, keys, runs of masks, cells of distances.
    pub n_items: usize,
    /// Of every bit of the results: whoever computes the same has the same.
    pub digest: String,
}

/// So many timed runs, the first of them after one that is not, where `is_warmed`.
///
/// # Errors
/// Those of the suite.
pub fn measure<S: Suite + ?Sized>(
    suite: &S,
    what: Computation,
    size: Size,
    (n_runs, is_warmed): (usize, bool),
) -> Result<Measured, S::Error> {
    let work = Runs { n_runs, is_warmed };
    let (n_items, timed) = match what {
        Computation::AucOfTeams => curves(size.teams, size.rows, size.replicates, |rankings, draw| {
            work.timed(|| suite.roc_auc(rankings, draw), |found| of_columns(found))
        }),
        Computation::AucOfOne => curves(1, size.rows_of_one, size.replicates, |rankings, draw| {
            work.timed(|| suite.roc_auc(rankings, draw), |found| of_columns(found))
        }),
        Computation::PrecisionOfTeams => {
            curves(size.teams, size.rows, (size.replicates / 10).max(1), |rankings, draw| {
                work.timed(|| suite.average_precision(rankings, draw), |found| of_columns(found))
            })
        }
        Computation::MeansOfOne => {
            let values = numbers(0, size.rows_of_one);
            let draw = Draw { version: 1, n_replicates: size.replicates };
            let timed = work.timed(|| suite.means(&[&values], draw), |found| of_columns(found));
            (size.rows_of_one * size.replicates, timed)
        }
        Computation::Orders => {
            let key = |team: usize| numbers(team, size.rows).into_iter().map(order_key).collect();
            let keys: Vec<Vec<u64>> = parallel::map(size.teams, usize::MAX, key);
            let keys: Vec<&[u64]> = keys.iter().map(Vec::as_slice).collect();
            let digest = |found: &Vec<Vec<u32>>| digest(found.iter().flatten().map(|row| u64::from(*row)));
            (size.teams * size.rows, work.timed(|| suite.orders(&keys), digest))
        }
        Computation::Products => products(size, |columns| {
            work.timed(|| suite.products(columns, columns), |found| of_columns(found))
        }),
        Computation::ProductsOfOne => {
            let (n_items, timed) = products(size, |columns| {
                work.timed(|| suite.products(columns, &columns[..1]), |found| of_columns(found))
            });
            (n_items / size.columns.max(1), timed)
        }
        Computation::Sums => {
            let columns: Vec<Vec<f64>> =
                parallel::map(size.teams, usize::MAX, |team| numbers(team, size.rows));
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            (size.teams * size.rows, work.timed(|| suite.sums(&columns), |found| of_numbers(found)))
        }
        Computation::SegmentMeans => {
            let values = numbers(0, size.teams * size.rows);
            let ends: Vec<u32> = (1..=values.len() / SEGMENT).map(|end| (end * SEGMENT) as u32).collect();
            let values = &values[..ends.len() * SEGMENT];
            (values.len(), work.timed(|| suite.segment_means(values, &ends), |found| of_numbers(found)))
        }
        Computation::Overlaps => {
            let masks: Vec<Vec<Run>> = (0..2 * size.pairs).map(mask).collect();
            let pairs: Vec<(&[Run], &[Run])> =
                masks.chunks(2).map(|pair| (pair[0].as_slice(), pair[1].as_slice())).collect();
            let digest = |found: &Vec<u64>| digest(found.iter().copied());
            (2 * RUNS * pairs.len(), work.timed(|| suite.overlaps(&pairs), digest))
        }
        Computation::Distances => {
            let texts: Vec<Vec<u32>> = (0..2 * size.pairs).map(text).collect();
            let pairs: Vec<(&[u32], &[u32])> =
                texts.chunks(2).map(|pair| (pair[0].as_slice(), pair[1].as_slice())).collect();
            let digest = |found: &Vec<u32>| digest(found.iter().map(|distance| u64::from(*distance)));
            (SYMBOLS * SYMBOLS * pairs.len(), work.timed(|| suite.distances(&pairs), digest))
        }
    };
    let (seconds, digest) = timed?;
    Ok(Measured { what, seconds, n_runs, n_items, digest })
}

const SEGMENT: usize = 25;
/// Of a mask.
const RUNS: usize = 200;
/// Of a text.
const SYMBOLS: usize = 60;

#[derive(Clone, Copy)]
struct Runs {
    n_runs: usize,
    is_warmed: bool,
}

impl Runs {
    /// The median of the seconds, and what the last run found.
    fn timed<T, E>(
        self,
        work: impl Fn() -> Result<T, E>,
        digest: impl Fn(&T) -> String,
    ) -> Result<(f64, String), E> {
        if self.is_warmed {
            work()?;
        }
        let mut seconds = Vec::with_capacity(self.n_runs);
        let mut found = String::new();
        for _ in 0..self.n_runs.max(1) {
            let started = Instant::now();
            let done = work()?;
            seconds.push(started.elapsed().as_secs_f64());
            found = digest(&done);
        }
        seconds.sort_by(f64::total_cmp);
        Ok((seconds[seconds.len() / 2], found))
    }
}

/// Uniform numbers by place, so that other programs can make the same.
fn uniform(row: usize, column: usize) -> f64 {
    let word = philox4x32([row as u32, column as u32, 0, 1], [0, 0])[0];
    (f64::from(word) + 0.5) / 2_f64.powi(32)
}

fn numbers(column: usize, n: usize) -> Vec<f64> {
    (0..n).map(|row| uniform(row, column) - 0.5).collect()
}

/// Rankings of teams of which every one knows a little; one row in ten is positive. With the number of visits.
fn curves<T>(
    n_teams: usize,
    n_rows: usize,
    n_replicates: usize,
    work: impl FnOnce(&[&Ranking], Draw) -> T,
) -> (usize, T) {
    let is_positive: Vec<bool> = (0..n_rows).map(|row| uniform(row, 0) < 0.1).collect();
    let score = |row: usize, team: usize| uniform(row, team + 1) + if is_positive[row] { 0.3 } else { 0.0 };
    let ranking = |team: usize| {
        let scores: Vec<f64> = (0..n_rows).map(|row| score(row, team)).collect();
        Ranking::of(&is_positive, &scores)
    };
    let rankings = parallel::map(n_teams, usize::MAX, ranking);
    let rankings: Vec<&Ranking> = rankings.iter().collect();
    (n_teams * n_rows * n_replicates, work(&rankings, Draw { version: 1, n_replicates }))
}

/// With the number of terms of all products of every two columns.
fn products<T>(size: Size, work: impl FnOnce(&[&[f32]]) -> T) -> (usize, T) {
    let column = |column: usize| numbers(column, size.rows).into_iter().map(|value| value as f32).collect();
    let columns: Vec<Vec<f32>> = parallel::map(size.columns, usize::MAX, column);
    let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
    (size.columns * size.columns * size.rows, work(&columns))
}

fn mask(number: usize) -> Vec<Run> {
    let mut place = 0;
    let run = |at: usize| {
        let start = place + (uniform(at, number) * 40.0) as u32;
        let length = 1 + (uniform(at, number) * 977.0) as u32 % 30;
        place = start + length;
        Run { start, length }
    };
    (0..RUNS).map(run).collect()
}

fn text(number: usize) -> Vec<u32> {
    (0..SYMBOLS).map(|at| (uniform(at, number) * 30.0) as u32).collect()
}

fn of_columns(found: &[Vec<f64>]) -> String {
    digest(found.iter().flatten().map(|value| bits(*value)))
}

fn of_numbers(found: &[f64]) -> String {
    digest(found.iter().map(|value| bits(*value)))
}

/// No number is one number, whatever its bits.
fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

/// FNV-1a of words.
fn digest(words: impl Iterator<Item = u64>) -> String {
    const START: u64 = 0xCBF2_9CE4_8422_2325;
    const FACTOR: u64 = 0x0100_0000_01B3;
    format!("{:016x}", words.fold(START, |digest, word| (digest ^ word).wrapping_mul(FACTOR)))
}
