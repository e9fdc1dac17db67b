//! How fast a board is looked at, for the benchmarks: made-up teams, real work.

use std::time::Instant;

use clap::Args;
use holdout_evaluator::{Evaluator, Suite};
use serde_json::{Value, json};

use super::{Covariance, MeanRanks, Normal, PartKeys, Places, rank_ranges, shake_up};
use crate::parallel;

#[derive(Args)]
pub struct MeasureArgs {
    #[arg(long, default_value_t = 1000)]
    teams: usize,
    #[arg(long, default_value_t = 100_000)]
    rows: usize,
    /// Metrics that half as many teams, or fewer, are ranked by.
    #[arg(long, default_value_t = 2)]
    parts: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Seconds of each part of a look: all columns at once, one new column, ranges and forecast; ranges and forecast of the
/// same scores as if they were those of fewer teams under several metrics.
pub fn measure(wanted: &MeasureArgs, evaluator: &Evaluator) -> Value {
    let normal = Normal::new(wanted.seed);
    let column = |team: usize| -> Vec<f32> {
        (0..wanted.rows).map(|row| (normal.at(wanted.teams, row) + normal.at(team, row)) as f32).collect()
    };
    let columns = parallel::map(wanted.teams, wanted.teams * wanted.rows, column);
    let columns: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
    let keys: Vec<f64> = (0..wanted.teams).map(|team| 1e-5 * team as f64).collect();
    let (covariance, all_s) = timed(|| Covariance::of(evaluator, &columns));
    let (_, one_s) = timed(|| evaluator.products(&columns, &columns[..1]));
    let (ranges, ranges_s) = timed(|| {
        rank_ranges(&keys, &covariance, wanted.rows as u64, Places::of_all(wanted.teams), wanted.seed)
    });
    let (_, shake_up_s) = timed(|| shake_up(&keys, &covariance, &[], 2.0, wanted.seed));
    let n_scores = wanted.teams / wanted.parts.max(1) * wanted.parts;
    let (scores, weights) = (covariance.of_first(n_scores), vec![1.0; wanted.parts]);
    let board = PartKeys {
        keys: &keys[..n_scores],
        weights: &weights,
        covariance: &scores,
        n_units: wanted.rows as u64,
    };
    let (_, mean_ranks_s) = timed(|| {
        let found = MeanRanks::of(board, wanted.seed);
        (found.ranges(), found.shake_up(2.0))
    });
    json!({
        "all_columns_s": all_s,
        "one_column_s": one_s,
        "ranges_s": ranges_s,
        "shake_up_s": shake_up_s,
        "mean_ranks_s": mean_ranks_s,
        "trace": (0..wanted.teams).map(|team| covariance.at(team, team)).sum::<f64>(),
        "tied_with_first": ranges.iter().filter(|range| range.low == 1).count(),
    })
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let done = work();
    (done, started.elapsed().as_secs_f64())
}
