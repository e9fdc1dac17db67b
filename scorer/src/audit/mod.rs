//! The audit before a launch: can this metric be gamed on these labels? A metric is asked, never
//! looked into; a verdict belongs to the pair of metric and solution.
//!
//! Nothing is random: hashed orders of normal scores stand for chance, sums have a fixed order, functions are those of
//! `libm`, and a report is the same on every machine. Start at [`examine`]; how an honest forecaster is made up is
//! told in [`forecast`].
//!
//! Never here: a row's label or id in a text.

mod applicable;
pub mod ask;
pub mod case;
mod columns;
mod constants;
mod contest;
pub(crate) mod distributions;
mod floor;
mod forecast;
pub(crate) mod ground;
mod honesty;
mod influence;
mod leverage;
pub mod metric;
pub(crate) mod normal;
mod order;
pub(crate) mod prepare;
mod probing;
mod question;
mod ranked;
mod repair;
pub(crate) mod report;
mod reshuffle;
mod say;
mod secondary;
mod symmetry;
mod unjudged;
mod weights;
pub(crate) mod whole;

pub use probing::MAX_DIGITS;

use holdout_contract::audit::{Audit, Check, Verdict};

use crate::solution::Solution;
use ask::Settings;
use case::{Case, Family};
use forecast::Forecasters;

/// Audits a metric of the catalogue on a solution.
pub fn of_solution(solution: &Solution, settings: &Settings) -> Audit {
    if solution.judge().is_ranked() {
        return ranked::of_parts(&solution.of_parts(), settings);
    }
    if solution.judge().has_secondary() {
        return secondary::of_primary(&solution.of_parts(), settings);
    }
    if let Some(one) = solution.of_one_column() {
        return of_solution(&one, settings);
    }
    if let Some(refusal) = prepare::without_a_side(solution) {
        return Audit::of(vec![refusal]);
    }
    if let Some(audit) = whole::of_solution(solution, settings) {
        if audit.is_refused() {
            return audit;
        }
        return Audit::of(audit.checks.into_iter().chain(weights::heaviest(solution)).collect());
    }
    prepare::with_case(solution, settings, |case| match case {
        Ok(case) => {
            let Audit { mut checks, .. } = examine(&case);
            checks.extend(order::of_ties(solution, &case));
            checks.extend(weights::heaviest(solution));
            checks.extend(prepare::unmeasured(solution, &checks));
            checks.extend(columns::cut(solution));
            Audit::of(checks)
        }
        Err(refusal) if refusal.verdict == Verdict::Refused => Audit::of(vec![*refusal]),
        Err(reason) => Audit::of(std::iter::once(*reason).chain(unjudged::empty_file(solution)).collect()),
    })
}

/// Runs every check that fits the family.
pub fn examine(case: &Case<'_>) -> Audit {
    let known = Forecasters::of(case);
    let tuned = (case.family == Family::Yes).then(|| honesty::Tuned::of(case, &known)).flatten();
    let over_under = symmetry::over_under(case);
    let reacts = over_under.as_ref().is_none_or(|found| found.reacts);
    let honesty = honesty::examine(case, &known, tuned.as_ref(), reacts);
    let mut checks: Vec<Check> = Vec::new();
    checks.extend(symmetry::exchange(case, &known));
    checks.extend(over_under.map(|found| found.check));
    checks.extend(symmetry::relabelling(case, &known));
    checks.extend(symmetry::invariance(case, &known));
    let usual = honesty.as_ref().map(|found| found.usual.clone());
    match honesty {
        Some(found) => checks.extend(found.checks),
        None => checks.push(unjudged("E honest report")),
    }
    checks.extend(floor::floors(case, &known, tuned.as_ref()));
    checks.extend(leverage::leverage(case, reacts));
    checks.extend(leverage::dead_rows(case, &known));
    checks.extend(say::of_columns(case, &known));
    checks.extend(say::of_parts(case, &known));
    let influence = usual.and_then(|usual| influence::influence(case, &known, &usual));
    let resolution = influence.as_ref().and_then(|found| influence::resolution(case, &known, found.error));
    checks.extend(influence.map(|found| found.check));
    let is_shown = case.settings.public_fraction > 0.0;
    let probing = if is_shown { probing::probing(case) } else { None };
    let mut plan = vec![contest::public_board(case)];
    plan.extend(probing.as_ref().map(|found| contest::decimals(case, found)));
    plan.extend(resolution.as_ref().and_then(|found| contest::private_rows(case, found)));
    plan.extend(resolution.as_ref().and_then(|found| reshuffle::forecast(case, found)));
    checks.extend(if is_shown { probing.map(|found| found.check) } else { Some(probing::of_nothing()) });
    checks.extend(resolution.map(|found| found.check));
    checks.extend(plan);
    checks.extend(prepare::zeros(case));
    checks.extend(prepare::sampled(case));
    checks.extend(question::answered(case.settings.declared, question::Asks::of(case.family)));
    applicable::complete(&mut checks, |name| applicable::reason(case.family, name));
    Audit::of(checks)
}

fn unjudged(name: &str) -> Check {
    report::advised(
        report::check(
            name,
            Verdict::Warn,
            None,
            "Nobody knows whether honest forecasts win here: on most labels like yours, the metric has no value.",
        ),
        "Nothing that is known; but on labels a little different from yours, nobody would get a score.",
        "Score more rows of rare classes, or leave out values that are larger than any number can tell apart.",
    )
}
