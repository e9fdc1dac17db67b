//! A submission's scores by a host's metric: one call for the public rows, one for the private.
//!
//! Never here: an outcome that tells a participant what happened on the private rows. A metric may break on, or refuse, a
//! file because of their labels, and such files cost no entry: whoever could tell would read label after label.

use std::time::{Duration, Instant};

use holdout_contract::custom::NO_PRIVATE_SCORE;
use holdout_contract::job::{Scores, SplitScore};
use holdout_contract::rejection::Rejection;

use super::Module;
use super::sandbox::{Ended, Reply, Sandbox};
use super::tables::{Aligned, Solution};
use super::verdict::{Task, Verdict, refusal};
use crate::solution::Split;

/// As of a metric of the catalogue: such a file has no score and costs an entry.
const NOT_FINITE: &str = "The score is not a finite number.";

/// What a metric gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    pub scores: Scores,
    /// Why there is no score on some rows, for the host alone.
    pub report: Option<String>,
}

/// Why there are no scores.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The metric's own words for the participant.
    Refused(Rejection),
    /// The metric broke; every word is for the host alone.
    Broke(String),
    /// It took more than the sandbox gives, which another time may be enough; every word is for the host alone.
    Stopped(String),
    /// The sandbox could not be started: no fault of the metric.
    Platform(String),
}

/// Scores a submission on the public rows and on those that decide within the sandbox's time. What has a public score is
/// scored, whatever the metric says of the rows that decide.
///
/// # Errors
/// [`Failure`]
pub fn score(
    sandbox: &Sandbox,
    module: &Module,
    solution: &Solution,
    aligned: &Aligned,
) -> Result<Scored, Failure> {
    let deadline = Instant::now() + sandbox.bounds().time;
    let of = |split| split_score(sandbox, module, solution, aligned, split, deadline);
    let public = of(Split::Public)?;
    // Where every row is public, these rows decide; the metric need not be asked twice.
    if solution.n_private() == 0 {
        let Given { score, report } = public;
        return Ok(Scored { scores: Scores { private: score.clone(), public: score }, report });
    }
    let private = match of(Split::Private) {
        Ok(Given { score, report: None }) => Given { score, report: None },
        Ok(Given { report: Some(report), .. }) | Err(Failure::Broke(report)) => no_private_score(report),
        Err(Failure::Refused(rejection)) => {
            no_private_score(format!("On the private rows it refused the file: {}", rejection.message))
        }
        Err(failure @ (Failure::Stopped(_) | Failure::Platform(_))) => return Err(failure),
    };
    let reports: Vec<String> = [public.report, private.report].into_iter().flatten().collect();
    let report = (!reports.is_empty()).then(|| reports.join("\n\n"));
    Ok(Scored { scores: Scores { public: public.score, private: private.score }, report })
}

/// What a call gave, and what its host should know of it.
struct Given {
    score: SplitScore,
    report: Option<String>,
}

fn no_private_score(report: String) -> Given {
    Given { score: SplitScore::Undefined { undefined: NO_PRIVATE_SCORE.to_owned() }, report: Some(report) }
}

fn split_score(
    sandbox: &Sandbox,
    module: &Module,
    solution: &Solution,
    aligned: &Aligned,
    split: Split,
    deadline: Instant,
) -> Result<Given, Failure> {
    let tables = solution.tables(aligned, split).map_err(|error| Failure::Platform(error.to_string()))?;
    let Some(tables) = tables else {
        let score = SplitScore::Undefined { undefined: "This split has no rows.".to_owned() };
        return Ok(Given { score, report: None });
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
        Ok(Verdict::Scored { score }) if score.is_finite() => {
            Ok(Given { score: SplitScore::Defined(score), report: None })
        }
        Ok(Verdict::NotFinite { ref text }) => Ok(Given {
            score: SplitScore::Undefined { undefined: NOT_FINITE.to_owned() },
            report: Some(report(side, text, &reply)),
        }),
        Ok(Verdict::Refused { ref text }) => Err(Failure::Refused(refusal(text))),
        Ok(Verdict::Failed { ref text }) => Err(broke(side, text, &reply)),
        Ok(_) => Err(broke(side, "it gave an answer that is none", &reply)),
        Err(Ended::NotStarted(reason)) => Err(Failure::Platform(format!(
            "the sandbox for metrics written by hosts could not be started: {reason}"
        ))),
        Err(ref ended @ (Ended::TooLong(_) | Ended::Killed(_))) => {
            Err(Failure::Stopped(report(side, &format!("The metric was stopped: {ended}."), &reply)))
        }
        Err(ref ended) => Err(broke(side, &format!("The metric was stopped: {ended}."), &reply)),
    }
}

fn broke(side: &str, text: &str, reply: &Reply) -> Failure {
    Failure::Broke(report(side, text, reply))
}

/// Everything that helps the host.
fn report(side: &str, text: &str, reply: &Reply) -> String {
    let mut report = format!("On the {side} rows:\n{}", text.trim_end());
    if !reply.printed.trim().is_empty() {
        report.push_str("\n\nIt printed:\n");
        report.push_str(reply.printed.trim_end());
    }
    report
}
