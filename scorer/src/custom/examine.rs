//! What a host is told of a metric of their own: whether it loads, what its doctests say, whether it
//! scores the sample submission.

use std::time::{Duration, Instant};

use holdout_contract::audit::Audit;
use holdout_contract::custom::CHANCE_IS_KNOWN;
use holdout_contract::examine::{Finding, Profile, Report, Verdict as Found};
use holdout_contract::ranks::WhyUnknown;
use holdout_contract::spec::Params;

use super::Module;
use super::audit::{Subject, audit as audit_of};
use super::blocks::{self, Blocks, MOST_TIME_OF_A_LOOK, Unknown};
use super::sandbox::{Reply, Sandbox};
use super::score::{Failure, Scored, score};
use super::shape::Shape;
use super::tables::{Aligned, Solution};
use super::verdict::{Examined, Task, Verdict};
use crate::audit::ask::Settings;
use crate::examine::{Competition, audited, open, pass, refused, split_empty, told_of_files, warn};
use crate::intake::Limits;
use crate::intake::content::Bytes;
use crate::solution::Split;

/// Examines a competition that is judged by its host's metric.
pub fn examine(
    sandbox: Result<&Sandbox, &str>,
    module: &Module,
    competition: &Competition<'_>,
    limits: &Limits,
) -> Report {
    let mut report = Report::of_findings(Vec::new());
    let sandbox = match sandbox {
        Ok(sandbox) => {
            report.findings.extend(loads(sandbox, module));
            Some(sandbox).filter(|_| report.allows_launch())
        }
        Err(reason) => {
            report.findings.push(refused(
                "metric_runs",
                format!("Metrics written by hosts cannot run on the machine that looked at this competition: {reason}."),
                "Ask whoever runs this installation to mend that, or choose a metric of the catalogue.",
            ));
            None
        }
    };
    let known = match competition.solution.as_ref().map(|bytes| prepare(bytes, competition, limits)) {
        None => {
            report.findings.push(refused(
                "solution_reads",
                "There is no solution yet.",
                "Upload the solution: the hidden labels with a row id.",
            ));
            Vec::new()
        }
        Some(Err(finding)) => {
            report.findings.push(*finding);
            Vec::new()
        }
        Some(Ok(solution)) => {
            judge_solution(&mut report, (sandbox, module), &solution, competition, limits);
            known_columns(&solution)
        }
    };
    report.findings.extend(report.audit.iter().flat_map(audited::findings).collect::<Vec<Finding>>());
    report.findings.extend(told_of_files(competition, &known, None, limits).findings);
    report
}

/// What is told of a solution that can be read: its split, the score of the sample submission and, where nothing forbids the
/// launch so far, the audit. Nothing runs without a sandbox.
fn judge_solution(
    report: &mut Report,
    (sandbox, module): (Option<&Sandbox>, &Module),
    solution: &Solution,
    competition: &Competition<'_>,
    limits: &Limits,
) {
    report.findings.push(pass(
        "solution_reads",
        format!("The solution has {} rows with the id column “{}”.", solution.n_rows(), solution.id_name()),
    ));
    report.findings.push(split_empty(solution.n_public(), solution.n_private()));
    let (sample, findings) = sample(sandbox, module, solution, competition, limits);
    report.findings.extend(findings);
    report.suggested_metrics = sample.as_ref().map_or_else(Vec::new, |sample| {
        let shape = Shape::of(solution, sample, competition.declared);
        let siblings = shape.as_ref().map_or(&[][..], Shape::siblings);
        siblings.iter().map(|name| (*name).to_owned()).collect()
    });
    report.audit = sandbox
        .zip(sample)
        .filter(|_| report.allows_launch())
        .map(|(sandbox, sample)| audited(sandbox, module, solution, &sample, competition));
    report.profile = Some(profile(solution));
}

/// Looks at the files that participants get alone; the metric is not asked.
pub fn examine_files(competition: &Competition<'_>, limits: &Limits) -> Report {
    match competition.solution.as_ref().map(|bytes| prepare(bytes, competition, limits)) {
        Some(Ok(solution)) => told_of_files(competition, &known_columns(&solution), None, limits),
        Some(Err(finding)) => Report::of_findings(vec![*finding]),
        None => told_of_files(competition, &[], None, limits),
    }
}

fn known_columns(solution: &Solution) -> Vec<String> {
    std::iter::once(solution.id_name().to_owned()).chain(solution.names().iter().cloned()).collect()
}

/// The audit may take so much of what a call may take.
const AUDIT_SHARE: u32 = 3;
const LEAST_TIME: Duration = Duration::from_secs(10);

fn audited(
    sandbox: &Sandbox,
    module: &Module,
    solution: &Solution,
    sample: &Aligned,
    competition: &Competition<'_>,
) -> Audit {
    let n_scored = (solution.n_public() + solution.n_private()).max(1);
    let public_fraction = solution.n_public() as f64 / n_scored as f64;
    let settings = Settings::of_competition(competition.declared, competition.plan, public_fraction);
    let time = (sandbox.bounds().time / AUDIT_SHARE).max(LEAST_TIME);
    let direction = competition.direction;
    audit_of(&Subject { sandbox, module, solution, sample, direction, time }, &settings)
}

fn prepare(bytes: &Bytes, competition: &Competition<'_>, limits: &Limits) -> Result<Solution, Box<Finding>> {
    open(bytes, limits)
        .and_then(|content| Solution::prepare(&content, competition.context, &competition.rule, limits))
        .map_err(|rejection| {
            Box::new(refused("solution_reads", rejection.message, "Mend the solution and upload it again."))
        })
}

fn profile(solution: &Solution) -> Profile {
    Profile {
        id_column: solution.id_name().to_owned(),
        target_columns: solution.names().to_vec(),
        extra_columns: Vec::new(),
        n_public: solution.n_public() as u64,
        n_private: solution.n_private() as u64,
        n_ignored: (solution.n_rows() - solution.n_public() - solution.n_private()) as u64,
        split_was_made: solution.split_was_made(),
        targets: Vec::new(),
        submission: None,
    }
}

/// Loads the module in the sandbox and runs its doctests.
fn loads(sandbox: &Sandbox, module: &Module) -> Vec<Finding> {
    let task = Task::Examine { source: &module.source };
    let Reply { outcome, printed } = sandbox.call(&task, [&[], &[]], sandbox.bounds().time);
    let fix = "Mend the module and upload it again.";
    match outcome {
        Ok(Verdict::Examined(examined)) => {
            let loaded = pass(
                "metric_loads",
                format!("The module loads and has the function score{}.", takes(&examined)),
            );
            std::iter::once(loaded)
                .chain(parameters(&examined, &module.params))
                .chain([doctests(&examined)])
                .collect()
        }
        Ok(Verdict::Failed { text } | Verdict::Refused { text } | Verdict::NotFinite { text }) => {
            vec![refused(
                "metric_loads",
                format!("The module cannot be used.\n{}", with_printed(&text, &printed)),
                fix,
            )]
        }
        Ok(_) => {
            vec![refused("metric_loads", "The module ended its process with an answer that is none.", fix)]
        }
        Err(ended) => {
            vec![refused(
                "metric_loads",
                with_printed(&format!("The module was stopped: {ended}."), &printed),
                fix,
            )]
        }
    }
}

fn takes(examined: &Examined) -> String {
    let names: Vec<String> = examined
        .parameters
        .iter()
        .map(|parameter| {
            let kind = parameter.annotation.as_ref().map_or_else(String::new, |kind| format!(": {kind}"));
            let default = parameter.default.as_ref().map_or_else(String::new, |value| format!(" = {value}"));
            format!("{}{kind}{default}", parameter.name)
        })
        .collect();
    if names.is_empty() { String::new() } else { format!("; its parameters are {}", names.join(", ")) }
}

fn parameters(examined: &Examined, given: &Params) -> Option<Finding> {
    let unknown = given.keys().find(|name| {
        !examined.takes_any && examined.parameters.iter().all(|parameter| parameter.name != **name)
    });
    if let Some(unknown) = unknown {
        return Some(refused(
            "metric_parameters",
            format!("The function score has no parameter “{unknown}”."),
            "Take it out of the metric's parameters, or upload a module that has it.",
        ));
    }
    let missing = examined
        .parameters
        .iter()
        .find(|parameter| parameter.default.is_none() && !given.contains_key(&parameter.name));
    missing.map(|missing| {
        refused(
            "metric_parameters",
            format!(
                "The parameter “{}” of the function score has no default and was given no value.",
                missing.name
            ),
            "Give it a value beside the module.",
        )
    })
}

fn doctests(examined: &Examined) -> Finding {
    let n = examined.n_examples;
    match (n, examined.n_failures) {
        (0, _) => warn(
            "metric_doctests",
            "The module has no doctests, so nothing shows that it computes what you mean.",
            "Add an example with a known score to the docstring of score.",
        ),
        (_, 0) => pass("metric_doctests", format!("All {n} examples in the module's docstrings hold.")),
        (_, failed) => refused(
            "metric_doctests",
            format!(
                "{failed} of the {n} examples in the module's docstrings do not hold.\n{}",
                examined.text.trim_end()
            ),
            "Mend the function or the example, and upload the module again.",
        ),
    }
}

fn sample(
    sandbox: Option<&Sandbox>,
    module: &Module,
    solution: &Solution,
    competition: &Competition<'_>,
    limits: &Limits,
) -> (Option<Aligned>, Vec<Finding>) {
    let Some(bytes) = &competition.sample_submission else {
        let missing = refused(
            "sample_fits",
            "There is no sample submission, so nobody can see what a submission must look like.",
            format!("Upload a CSV file with the column “{}” and one row for every id.", solution.id_name()),
        );
        return (None, vec![missing]);
    };
    let aligned = open(bytes, limits).and_then(|content| solution.align(&content, None, limits));
    match aligned {
        Err(rejection) => {
            let misfit = refused(
                "sample_fits",
                format!("The sample submission does not fit the solution. {}", rejection.message),
                "Upload a sample submission with exactly the ids of the solution.",
            );
            (None, vec![misfit])
        }
        Ok(aligned) => {
            let fits = pass("sample_fits", "The sample submission has the solution's ids.");
            let scored = sandbox.map(|sandbox| sample_scores(sandbox, module, solution, &aligned));
            let has_scores = scored.as_ref().is_some_and(|finding| finding.verdict == Found::Pass);
            let chance = sandbox
                .filter(|_| has_scores)
                .map(|sandbox| chance_is_known(sandbox, module, (solution, &aligned), competition));
            (Some(aligned), std::iter::once(fits).chain(scored).chain(chance).collect())
        }
    }
}

fn sample_scores(sandbox: &Sandbox, module: &Module, solution: &Solution, aligned: &Aligned) -> Finding {
    match score(sandbox, module, solution, aligned) {
        Ok(Scored { report: None, .. }) => {
            pass("sample_scores", "The sample submission has a score on both sides.")
        }
        Ok(Scored { report: Some(report), .. }) | Err(Failure::Broke(report) | Failure::Stopped(report)) => {
            refused(
                "sample_scores",
                format!("The metric breaks on the sample submission.\n{report}"),
                "Mend the module and upload it again.",
            )
        }
        Err(Failure::Refused(rejection)) => warn(
            "sample_scores",
            format!("The metric refuses the sample submission: {}", rejection.message),
            "Participants who send it in will read this. Change the sample, or the metric.",
        ),
        Err(Failure::Platform(reason)) => refused(
            "sample_scores",
            format!("The sample submission could not be scored: {reason}."),
            "Try again.",
        ),
    }
}

/// Whether boards can say what is chance, by the sample submission on the public rows.
fn chance_is_known(
    sandbox: &Sandbox,
    module: &Module,
    (solution, sample): (&Solution, &Aligned),
    competition: &Competition<'_>,
) -> Finding {
    let begun = Instant::now();
    let blocks = Blocks::declared(solution, Split::Public, competition.context, competition.rule.seed);
    let known = blocks.and_then(|blocks| {
        let file = (solution, sample, Split::Public);
        let time = (sandbox.bounds().time / AUDIT_SHARE).clamp(LEAST_TIME, MOST_TIME_OF_A_LOOK);
        let found = blocks::influence(sandbox, module, file, &blocks, time)
            .map_err(|_| Unknown::OfFile(WhyUnknown::NoScore))?;
        match found {
            // A file that is alike on all rows, as samples are, says nothing of another one.
            Ok(_) | Err(Unknown::OfFile(WhyUnknown::OneBlock)) => Ok(blocks.n_blocks()),
            Err(unknown) => Err(unknown),
        }
    });
    match known {
        Ok(n_blocks) => pass(
            CHANCE_IS_KNOWN,
            format!(
                "The metric gives the score without each of {n_blocks} blocks of public rows, in {} in all: so boards say which ranks a \
                 team may truly have.",
                format_seconds(begun.elapsed())
            ),
        ),
        Err(unknown) => warn(
            CHANCE_IS_KNOWN,
            format!("Boards cannot say which ranks a team may truly have, and cannot be Ladders. {unknown}"),
            "Have the module give a score, quickly, of any rows; or have more public rows.",
        ),
    }
}

fn format_seconds(time: Duration) -> String {
    format!("{:.1} seconds", time.as_secs_f64())
}

fn with_printed(text: &str, printed: &str) -> String {
    match printed.trim() {
        "" => text.trim_end().to_owned(),
        printed => format!("{}\nIt printed:\n{printed}", text.trim_end()),
    }
}
