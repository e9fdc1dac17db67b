//! A submission's scores by a host's metric: one call for the public rows, one for the private.

use std::time::{Duration, Instant};

use holdout_contract::job::{Scores, SplitScore};
use holdout_contract::rejection::Rejection;

use super::Module;
use super::sandbox::{Ended, Reply, Sandbox};
use super::tables::{Aligned, Solution};
use super::verdict::{Task, Verdict, refusal};
use crate::solution::Split;

/// Why there are no scores.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The metric's own words for the participant.
    Refused(Rejection),
    /// The metric broke; every word is for the host alone.
    Broke(String),
    /// The sandbox could not be started: no fault of the metric.
    Platform(String),
}

/// Scores a submission on the public rows and on those that decide within the sandbox's time.
///
/// # Errors
/// [`Failure`]
pub fn score(
    sandbox: &Sandbox,
    module: &Module,
    solution: &Solution,
    aligned: &Aligned,
) -> Result<Scores, Failure> {
    let deadline = Instant::now() + sandbox.bounds().time;
    let of = |split| split_score(sandbox, module, solution, aligned, split, deadline);
    let public = of(Split::Public)?;
    // Where every row is public, these rows decide; the metric need not be asked twice.
    let private = if solution.n_private() > 0 { of(Split::Private)? } else { public.clone() };
    Ok(Scores { public, private })
}

fn split_score(
    sandbox: &Sandbox,
    module: &Module,
    solution: &Solution,
    aligned: &Aligned,
    split: Split,
    deadline: Instant,
) -> Result<SplitScore, Failure> {
    let tables = solution.tables(aligned, split).map_err(|error| Failure::Platform(error.to_string()))?;
    let Some(tables) = tables else {
        return Ok(SplitScore::Undefined { undefined: "This split has no rows.".to_owned() });
    };
    let task = Task::Score {
        source: &module.source,
        params: &module.params,
        row_id_column_name: solution.id_name(),
        solution_bytes: tables.solution.len(),
        submission_bytes: tables.submission.len(),
    };
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let reply = sandbox.call(&task, [&tables.solution, &tables.submission], left);
    let side = if split == Split::Public { "public" } else { "private" };
    match reply.outcome {
        Ok(Verdict::Scored { score }) if score.is_finite() => Ok(SplitScore::Defined(score)),
        Ok(Verdict::Refused { ref text }) => Err(Failure::Refused(refusal(text))),
        Ok(Verdict::Failed { ref text }) => Err(broke(side, text, &reply)),
        Ok(_) => Err(broke(side, "it gave an answer that is none", &reply)),
        Err(Ended::NotStarted(reason)) => Err(Failure::Platform(format!(
            "the sandbox for metrics written by hosts could not be started: {reason}"
        ))),
        Err(ref ended) => Err(broke(side, &format!("The metric was stopped: {ended}."), &reply)),
    }
}

/// Everything that helps the host.
fn broke(side: &str, text: &str, reply: &Reply) -> Failure {
    let mut report = format!("On the {side} rows:\n{}", text.trim_end());
    if !reply.printed.trim().is_empty() {
        report.push_str("\n\nIt printed:\n");
        report.push_str(reply.printed.trim_end());
    }
    Failure::Broke(report)
}
