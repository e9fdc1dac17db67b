//! Whether solution, metric and sample submission fit one another.

use holdout_contract::audit::Audit;
use holdout_contract::examine::{Finding, Profile, Verdict};
use holdout_contract::job::SplitScore;
use holdout_contract::spec::{Direction, Layout};

use super::{Competition, audited, of_labels, open, pass, refused, warn};
use crate::align::{Aligned, align};
use crate::intake::Limits;
use crate::intake::content::Bytes;
use crate::judge::{Context, Judge, read_history};
use crate::metrics::NoMeasure;
use crate::score::{self, score_split};
use crate::solution::{Solution, Split};

/// How far the truth's own score may be from the metric's best: rounding alone.
const TOLERANCE: f64 = 1e-9;

/// What was found.
#[derive(Default)]
pub struct Fit {
    pub profile: Option<Profile>,
    pub findings: Vec<Finding>,
    pub audit: Option<Audit>,
    /// Where it could be read.
    pub solution: Option<Solution>,
}

/// The columns of a solution that are no features.
pub fn known_columns(profile: &Profile) -> Vec<String> {
    std::iter::once(&profile.id_column)
        .chain(&profile.target_columns)
        .chain(&profile.extra_columns)
        .cloned()
        .collect()
}

/// Reads the solution with the metric and tries perfect and sample submission.
pub fn examine(competition: &Competition<'_>, solution: &Bytes, limits: &Limits) -> Fit {
    let mut fit = Fit::default();
    let solution = match prepare(competition, solution, limits) {
        Ok(solution) => solution,
        Err(finding) => {
            fit.findings.push(*finding);
            return fit;
        }
    };
    let profile = solution.profile();
    fit.findings.push(pass(
        "solution_reads",
        format!("The solution has {} rows with the id column “{}”.", solution.n_rows(), profile.id_column),
    ));
    fit.profile = Some(profile);
    fit.findings.push(split_empty(solution.n_public(), solution.n_private()));
    fit.findings.extend(of_labels(&solution));
    let is_split = solution.n_public() > 0;
    let measure = measure(&solution);
    let has_measure = measure.as_ref().is_none_or(|finding| finding.verdict != Verdict::Refused);
    fit.findings.extend(measure);
    let is_applicable = has_measure && is_split && perfect(&solution, &mut fit.findings);
    sample(competition, &solution, is_applicable, limits, &mut fit.findings);
    if is_applicable {
        let audit = audited::of_competition(&solution, competition.declared, competition.plan);
        fit.findings.extend(audited::findings(&audit));
        fit.audit = Some(audit);
    }
    fit.solution = Some(solution);
    fit
}

/// The solution with the metric.
///
/// # Errors
/// What a host has to mend.
pub fn prepare(
    competition: &Competition<'_>,
    solution: &Bytes,
    limits: &Limits,
) -> Result<Solution, Box<Finding>> {
    let Some(metric) = competition.metric else {
        return Err(Box::new(refused(
            "metric_applies",
            "There is no metric yet.",
            "Choose the metric that submissions are judged by.",
        )));
    };
    let mut context = Context::new(competition.context.clone());
    if let Some(history) = &competition.history {
        context.history = open(history, limits).and_then(|content| read_history(&content, limits)).map_err(
            |rejection| {
                Box::new(refused(
                    "history_reads",
                    format!("The history file cannot be used. {}", rejection.message),
                    "Upload it again with the columns series, t and value.",
                ))
            },
        )?;
    }
    let judge = Judge::new(metric, competition.params, context).map_err(|sentence| {
        Box::new(refused("metric_applies", sentence, "Choose another metric or other parameters."))
    })?;
    open(solution, limits)
        .and_then(|content| {
            let mut solution = Solution::prepare(&content, judge, &competition.rule, limits)?;
            solution.read_series(&content, limits);
            Ok(solution)
        })
        .map_err(|rejection| {
            Box::new(refused(
                "solution_reads",
                rejection.message,
                "Mend the solution and upload it again, or choose a metric that fits it.",
            ))
        })
}

/// Whether both boards have rows.
pub(crate) fn split_empty(n_public: usize, n_private: usize) -> Finding {
    const FIX: &str = "Mark some rows “Public” and some “Private” in the column “Usage”, or leave the column out and have the split made.";
    let empty = match (n_public, n_private) {
        (0, 0) => "Every row is ignored",
        (0, _) => "No row is public",
        (_, 0) => {
            return warn(
                "split_empty",
                format!(
                    "All {n_public} rows are public and none is private: what everybody can try on decides at the end as well, and whoever tries often enough is ahead."
                ),
                FIX,
            );
        }
        _ => {
            return pass(
                "split_empty",
                format!("{n_public} rows are public and {n_private} rows are private."),
            );
        }
    };
    let text = format!("{empty}: the board while open needs public rows, the final one private rows.");
    refused("split_empty", text, FIX)
}

/// What errors are measured by: a remark where that differs from row to row, a refusal where it is nothing.
fn measure(solution: &Solution) -> Option<Finding> {
    Some(match score::measure(solution)? {
        Ok(remark) => pass("scales", remark),
        Err(NoMeasure { reason, mend }) => refused("metric_applies", reason, mend),
    })
}

/// The truth against itself; `false` when the metric has no value on these labels.
fn perfect(solution: &Solution, findings: &mut Vec<Finding>) -> bool {
    let Some(aligned) = solution.perfect() else {
        findings.push(pass(
            "perfect_score",
            "This metric has no perfect submission that could be tried; the sample submission is tried instead.",
        ));
        return true;
    };
    let scores = both(solution, &aligned);
    if let Some((side, reason)) = undefined(&scores) {
        findings.push(refused(
            "metric_applies",
            format!("The metric has no value on the {side} rows. {reason}"),
            "Choose another metric, or another split if only one side is concerned.",
        ));
        return false;
    }
    findings.push(pass("metric_applies", "The metric applies to these labels on both sides of the split."));
    findings.push(best_reached(solution, &scores));
    true
}

fn best_reached(solution: &Solution, scores: &[(&'static str, SplitScore); 2]) -> Finding {
    if let Some(finding) = part_not_reached(solution, scores) {
        return finding;
    }
    let Some(best) = solution.judge().best() else {
        return pass("perfect_score", "This metric has no best value that the truth would reach.");
    };
    let off = scores.iter().find(|(_, score)| score.value().is_none_or(|value| !is_close(value, best)));
    match off {
        None => pass("perfect_score", format!("The true labels, submitted, score {best} on both sides.")),
        Some((side, score)) => refused(
            "perfect_score",
            format!(
                "The true labels, submitted, score {} on the {side} rows instead of {best}.",
                score.value().unwrap_or(f64::NAN)
            ),
            "These labels do not mean what the metric takes them for. Check the target column and the metric's \
             parameters.",
        ),
    }
}

/// The first of the metrics that teams are ranked by whose best value the truth does not reach.
fn part_not_reached(solution: &Solution, scores: &[(&'static str, SplitScore); 2]) -> Option<Finding> {
    let bests = solution.judge().bests_of_parts();
    let is_off = |(value, best): (&f64, &Option<f64>)| best.is_some_and(|best| !is_close(*value, best));
    scores.iter().find_map(|(side, score)| {
        let at = score.parts()?.iter().zip(&bests).position(is_off)?;
        Some(refused(
            "perfect_score",
            format!(
                "The true labels, submitted, do not reach the best value of part {} on the {side} rows.",
                at + 1
            ),
            "These labels do not mean what this metric takes them for. Check its target column and its parameters.",
        ))
    })
}

fn is_close(value: f64, best: f64) -> bool {
    (value - best).abs() <= TOLERANCE * best.abs().max(1.0)
}

fn both(solution: &Solution, aligned: &Aligned) -> [(&'static str, SplitScore); 2] {
    [
        ("public", score_split(solution, aligned, Split::Public)),
        ("private", score_split(solution, aligned, Split::Private)),
    ]
}

fn undefined<'a>(scores: &'a [(&'static str, SplitScore); 2]) -> Option<(&'static str, &'a str)> {
    scores.iter().find_map(|(side, score)| Some((*side, score.reason()?)))
}

fn sample(
    competition: &Competition<'_>,
    solution: &Solution,
    is_applicable: bool,
    limits: &Limits,
    findings: &mut Vec<Finding>,
) {
    let Some(bytes) = &competition.sample_submission else {
        findings.push(refused(
            "sample_fits",
            "There is no sample submission, so nobody can see what a submission must look like.",
            format!("Upload a CSV file with the columns {} and one row for every id.", columns(solution)),
        ));
        return;
    };
    let aligned = match open(bytes, limits).and_then(|content| align(solution, &content, limits)) {
        Ok(aligned) => aligned,
        Err(rejection) => {
            findings.push(refused(
                "sample_fits",
                format!("The sample submission does not fit the solution. {}", rejection.message),
                format!(
                    "Upload a sample submission with the columns {} and exactly the ids of the solution.",
                    columns(solution)
                ),
            ));
            return;
        }
    };
    findings.push(pass("sample_fits", "The sample submission has the solution's ids and the right columns."));
    if is_applicable {
        findings.push(sample_scores(solution, &aligned));
    }
}

fn sample_scores(solution: &Solution, aligned: &Aligned) -> Finding {
    let scores = both(solution, aligned);
    if undefined(&scores).is_some() {
        // The reason could tell something of the labels, and constant samples are usual.
        return warn(
            "sample_scores",
            "The sample submission has no score with this metric, which happens when all its values are equal.",
            "That is allowed. Participants who send it in will see no score.",
        );
    }
    let is_perfect = solution.judge().best().is_some_and(|best| {
        scores.iter().all(|(_, score)| score.value().is_some_and(|value| is_close(value, best)))
    });
    if is_perfect {
        let better = match solution.judge().direction() {
            Direction::HigherIsBetter => "highest",
            Direction::LowerIsBetter => "lowest",
        };
        return warn(
            "sample_scores",
            format!(
                "The sample submission already has the {better} possible score: it seems to hold the true labels."
            ),
            "Replace its values by a simple guess.",
        );
    }
    pass("sample_scores", "The sample submission has a score on both sides, and it is not perfect.")
}

fn columns(solution: &Solution) -> String {
    let names: Vec<String> = std::iter::once(solution.id_name().to_owned())
        .chain(solution.expected_columns().iter().map(|expected| expected.name.clone()))
        .map(|name| format!("“{name}”"))
        .collect();
    match solution.judge().layout() {
        Layout::ClassColumns => format!("{} (a probability for each class)", names.join(", ")),
        _ => names.join(", "),
    }
}
