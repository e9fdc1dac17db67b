//! Looks at a competition before its launch, says what is wrong in plain words and how to mend it;
//! and makes a competition out of one labelled table.
//!
//! Never here: a row's label in a text, files or database. Start at [`examine`] and [`split::take_apart`].

mod adversary;
pub(crate) mod audited;
mod classes;
pub mod committed;
pub(crate) mod data;
mod fit;
pub mod frame;
mod groups;
mod identity;
mod kinds;
mod order;
mod part;
pub mod resplit;
mod shuffle;
mod sides;
pub mod split;
mod suggest;
mod training;
pub mod write;

use holdout_contract::audit::{Declared, Plan};
use holdout_contract::examine::{Finding, Report, TargetKind, Verdict};
use holdout_contract::rejection::Rejection;
use holdout_contract::spec::{Direction, Params};

use crate::intake::content::{self, Bytes};
use crate::intake::{Content, Limits, Source};
use crate::metrics;
use crate::solution::Solution;
use crate::split::SplitRule;
pub(crate) use fit::{known_columns, split_empty};
use frame::Frame;
pub(crate) use kinds::number;

/// A file that participants learn from.
pub struct Training {
    pub name: String,
    pub bytes: Bytes,
}

/// Everything an examination looks at; what is not there yet is `None`.
pub struct Competition<'a> {
    /// Opened.
    pub solution: Option<Bytes>,
    pub metric: Option<&'a str>,
    pub params: &'a Params,
    pub context: &'a Params,
    pub history: Option<Bytes>,
    pub rule: SplitRule,
    /// By name.
    pub train: Vec<Training>,
    pub test: Option<Bytes>,
    pub sample_submission: Option<Bytes>,
    /// What the winner's file should hold, as its host said.
    pub declared: Option<Declared>,
    /// What the contest plans to show and to allow.
    pub plan: Plan,
    /// Of a metric that its host wrote, as the host says.
    pub direction: Option<Direction>,
}

impl<'a> Competition<'a> {
    /// One of which nothing is there yet.
    pub fn empty(params: &'a Params, context: &'a Params) -> Self {
        Self {
            solution: None,
            metric: None,
            params,
            context,
            history: None,
            rule: SplitRule::default(),
            train: Vec::new(),
            test: None,
            sample_submission: None,
            declared: None,
            plan: Plan::of(0, 1, None, None),
            direction: None,
        }
    }
}

/// Examines a competition.
pub fn examine(competition: &Competition<'_>, limits: &Limits) -> Report {
    let mut findings = Vec::new();
    let mut labels = None;
    let mut report = Report::of_findings(Vec::new());
    match &competition.solution {
        None => findings.push(refused(
            "solution_reads",
            "There is no solution yet.",
            "Upload the solution: the hidden labels with a row id.",
        )),
        Some(solution) => {
            report.suggested_metrics = suggestions(solution, limits);
            let fit = fit::examine(competition, solution, limits);
            findings.extend(fit.findings);
            report.profile = fit.profile;
            report.audit = fit.audit;
            labels = fit.solution;
        }
    }
    let id_and_targets: Vec<String> = report.profile.iter().flat_map(fit::known_columns).collect();
    findings.extend(told_of_files(competition, &id_and_targets, labels.as_ref(), limits).findings);
    report.findings = findings;
    report
}

/// Looks at the files that participants get alone, beside a solution that was examined before.
pub fn of_files(competition: &Competition<'_>, limits: &Limits) -> Report {
    let solution = competition.solution.as_ref().map(|solution| fit::prepare(competition, solution, limits));
    match solution {
        Some(Ok(solution)) => {
            let known = fit::known_columns(&solution.profile());
            told_of_files(competition, &known, Some(&solution), limits)
        }
        Some(Err(finding)) => Report::of_findings(vec![*finding]),
        None => told_of_files(competition, &[], None, limits),
    }
}

/// What training and test file give away, where these are the columns that are no features.
pub(crate) fn told_of_files(
    competition: &Competition<'_>,
    known: &[String],
    solution: Option<&Solution>,
    limits: &Limits,
) -> Report {
    let data = data::Data {
        train: competition.train.first().map(|training| &training.bytes),
        test: competition.test.as_ref(),
        known,
        solution,
        bound: data::Bound::default(),
    };
    Report::of_findings(match competition.train.as_slice() {
        [] | [_] => data::examine(&data, limits),
        several => data::examine_each(several, &data, limits),
    })
}

/// What a solution gives away by itself: classes and groups by side, an order that tells.
pub(crate) fn of_labels(solution: &Solution) -> Vec<Finding> {
    let classes = [classes::missing(solution), classes::rare(solution), classes::groups_torn(solution)];
    classes.into_iter().flatten().chain(order::examine(solution)).collect()
}

/// The report on a solution that this scorer has no key for.
pub fn sealed_to_another() -> Report {
    Report::of_findings(vec![refused(
        "solution_reads",
        "The solution was sealed to another scorer's key, or is damaged, so nothing can be scored with it.",
        "Upload the solution again.",
    )])
}

/// The report on a solution whose bytes came to another competition first.
pub fn sealed_for_another() -> Report {
    Report::of_findings(vec![refused(
        "solution_reads",
        "The solution was sealed for another competition, which is not over and has another host, so it is not opened for this one.",
        "If the labels are yours, upload them once more as they are, or sealed anew.",
    )])
}

/// Metrics of the catalogue that fit the last column of the solution that is neither id nor known by name.
fn suggestions(solution: &Bytes, limits: &Limits) -> Vec<String> {
    let Ok(frame) = Frame::read(solution, limits) else { return Vec::new() };
    let is_target =
        |name: &str| !["usage", "weight", "group", "query", "qid"].contains(&name.to_lowercase().as_str());
    let Some(target) = (1..frame.names.len()).find(|column| is_target(&frame.names[*column])) else {
        return Vec::new();
    };
    let labels = || frame.cells(target);
    let kind = kinds::target_kind(&frame.names[target], labels());
    let shape = suggest::shape(&kind, labels());
    let known = |name: &str| metrics::find(name, &Params::new()).is_ok();
    suggest::metrics(&kind, shape)
        .into_iter()
        .filter(|suggestion| known(suggestion.metric))
        .map(|suggestion| suggestion.metric.to_owned())
        .collect()
}

/// Whether every value of the target is one of a few.
pub(crate) fn has_classes(kind: &TargetKind) -> bool {
    matches!(kind, TargetKind::Binary { .. } | TargetKind::Classes { .. } | TargetKind::Ratings { .. })
}

/// Unpacks a file within its limits.
///
/// # Errors
/// A rejection of what is no file that can be read.
pub(crate) fn open(bytes: &Bytes, limits: &Limits) -> Result<Content, Rejection> {
    content::open(Source::Bytes(bytes.clone()), limits).map_err(|error| {
        Rejection::new(holdout_contract::rejection::RejectionKind::BadArchive, error.to_string())
    })?
}

/// A check that found nothing wrong.
pub(crate) fn pass(check: &str, text: impl Into<String>) -> Finding {
    finding(check, Verdict::Pass, text, "")
}

/// A check whose host should look; `fix` says what can be done.
pub(crate) fn warn(check: &str, text: impl Into<String>, fix: impl Into<String>) -> Finding {
    finding(check, Verdict::Warn, text, fix)
}

/// A check that forbids the launch; `fix` says what has to be done.
pub(crate) fn refused(check: &str, text: impl Into<String>, fix: impl Into<String>) -> Finding {
    finding(check, Verdict::Refused, text, fix)
}

fn finding(check: &str, verdict: Verdict, text: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { check: check.to_owned(), verdict, text: text.into(), fix: fix.into() }
}
