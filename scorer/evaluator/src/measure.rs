//! How fast exact replicates and products are, for the benchmarks: made-up teams, real work.

use std::time::Instant;

use serde_json::{Value, json};

use crate::philox::{Draw, philox4x32};
use crate::ranking::Ranking;
use crate::suite::Suite;

/// How much is computed.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub teams: usize,
    pub rows: usize,
    pub replicates: usize,
    /// Teams of the products; those of the replicates are fewer.
    pub columns: usize,
}

/// Uniform numbers by place, so that other programs can make the same.
fn uniform(row: usize, column: usize) -> f64 {
    let word = philox4x32([row as u32, column as u32, 0, 1], [0, 0])[0];
    (f64::from(word) + 0.5) / 2_f64.powi(32)
}

/// One row in ten is positive, and every team knows a little.
fn scores(team: usize, is_positive: &[bool]) -> Vec<f64> {
    let score = |row: usize| uniform(row, team + 1) + if is_positive[row] { 0.3 } else { 0.0 };
    (0..is_positive.len()).map(score).collect()
}

/// Seconds of each, with what came out, so that two programs can be seen to have done the same work.
///
/// # Errors
/// Those of the suite.
pub fn measure<S: Suite + ?Sized>(suite: &S, size: Size) -> Result<Value, S::Error> {
    let is_positive: Vec<bool> = (0..size.rows).map(|row| uniform(row, 0) < 0.1).collect();
    let scores: Vec<Vec<f64>> = (0..size.teams).map(|team| scores(team, &is_positive)).collect();
    let (rankings, rankings_s) =
        timed(|| scores.iter().map(|scores| Ranking::of(&is_positive, scores)).collect::<Vec<Ranking>>());
    let rankings: Vec<&Ranking> = rankings.iter().collect();
    let draw = Draw { version: 1, n_replicates: size.replicates };
    let (areas, auc_s) = timed(|| suite.roc_auc(&rankings, draw));
    let areas = areas?;
    let columns: Vec<Vec<f32>> = (0..size.columns)
        .map(|column| (0..size.rows).map(|row| uniform(row, column) as f32 - 0.5).collect())
        .collect();
    let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
    let (products, products_s) = timed(|| suite.products(&columns, &columns));
    let products = products?;
    Ok(json!({
        "teams": size.teams,
        "rows": size.rows,
        "replicates": size.replicates,
        "columns": size.columns,
        "rankings_s": rankings_s,
        "auc_replicates_s": auc_s,
        "auc_visits": size.teams * size.rows * size.replicates,
        "first_auc": areas.first().and_then(|areas| areas.first()),
        "standard_error": areas.first().map(|areas| deviation(areas)),
        "products_s": products_s,
        "product_terms": size.columns * size.columns * size.rows,
        "first_product": products.first().and_then(|sums| sums.first()),
    }))
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let done = work();
    (done, started.elapsed().as_secs_f64())
}
