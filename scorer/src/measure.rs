//! How long what is done with a file takes, for the benchmarks: its standard error, exact replicates of its score, and
//! many such files scored together.

use std::time::Instant;

use holdout_evaluator::{Draw, Evaluator};
use serde_json::{Value, json};

use crate::align::Aligned;
use crate::influence::{Exact, replicates_of};
use crate::score::{both_scores, both_scores_of_all, influence_on, with_rows};
use crate::solution::{Solution, Split};

/// What is done.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum What {
    /// The standard error, as for a board.
    Error,
    /// So many exact replicates, of a metric that the evaluator replicates.
    Replicates,
    /// The file so many times under the metric: one by one, and together.
    Batch,
}

/// # Errors
/// Why it cannot be done.
pub fn measure(
    what: What,
    n: usize,
    solution: &Solution,
    aligned: &Aligned,
    evaluator: &Evaluator,
) -> Result<Value, String> {
    match what {
        What::Error => error(solution, aligned, evaluator),
        What::Replicates => replicates(n, solution, aligned, evaluator),
        What::Batch => batch(n, solution, aligned, evaluator),
    }
}

fn error(solution: &Solution, aligned: &Aligned, evaluator: &Evaluator) -> Result<Value, String> {
    let exact = Exact { evaluator, version: 1 };
    let (influence, seconds) = timed(|| influence_on(solution, aligned, Split::All, exact));
    let influence = influence.map_err(|none| none.0)?;
    Ok(json!({ "seconds": seconds, "error": influence.standard_error(), "n_units": influence.n_units }))
}

fn replicates(
    n_replicates: usize,
    solution: &Solution,
    aligned: &Aligned,
    evaluator: &Evaluator,
) -> Result<Value, String> {
    let draw = Draw { version: 1, n_replicates };
    let all = solution.range(Split::All);
    let (found, seconds) = timed(|| {
        with_rows(solution, aligned, all, |rows| replicates_of(solution.judge(), rows, evaluator, draw))
    });
    let found = found.ok_or("The evaluator has no replicates of this metric.")?;
    let mean = found.iter().sum::<f64>() / found.len() as f64;
    let variance = found.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / found.len() as f64;
    Ok(json!({ "seconds": seconds, "mean": mean, "error": variance.sqrt() }))
}

fn batch(n: usize, solution: &Solution, aligned: &Aligned, evaluator: &Evaluator) -> Result<Value, String> {
    let (alone, alone_s) = timed(|| (0..n).map(|_| both_scores(solution, aligned)).collect::<Vec<_>>());
    let (together, together_s) = timed(|| both_scores_of_all(solution, &vec![aligned; n], evaluator));
    if alone != together {
        return Err("Files together have other scores than one by one.".to_owned());
    }
    Ok(json!({ "alone_s": alone_s, "together_s": together_s, "score": alone.first() }))
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let done = work();
    (done, started.elapsed().as_secs_f64())
}
