//! F, of metrics that order equal values by the rows of the solution file: whether one constant, or any file with few
//! values, wins by the order in which the host happened to write the rows down.

use holdout_contract::audit::{Check, Verdict};

use super::case::{Case, Family};
use super::floor::{Skill, on_lead};
use super::forecast::Forecasters;
use super::normal;
use super::report::{advised, check, short};
use crate::metrics::{Rows, Values, finite};
use crate::score::rows_of;
use crate::solution::{Solution, Split, Truth};

/// Differences that rounding explains.
const NOTHING: f64 = 1e-12;
/// The stream of an order that knows nothing.
const APART: u64 = 903;

/// What a constant scores in the order of the file; `None` where equal values are equal to the metric.
pub(super) fn of_ties(solution: &Solution, case: &Case<'_>) -> Option<Check> {
    let takes_numbers = case.family != Family::Yes && (case.family != Family::Rating || case.is_between);
    let [Truth::Numbers(truth)] = solution.truths.as_slice() else { return None };
    if !takes_numbers || solution.expected.len() != 1 {
        return None;
    }
    let range = solution.range(Split::All);
    let (truth, rows) = (&truth[range.clone()], &solution.row_numbers[range.clone()]);
    let last = rows.iter().copied().max()?;
    let turned: Vec<u32> = rows.iter().map(|row| last - row).collect();
    let constant = |row_numbers: &[u32]| of_constant(solution, truth, row_numbers);
    let own = constant(rows)?;
    let is_same =
        |row_numbers: &[u32]| constant(row_numbers).is_none_or(|other| (own - other).abs() < NOTHING);
    if is_same(&turned) && is_same(&normal::order(truth.len(), APART)) {
        return None;
    }
    let skill = Skill::of(case, &Forecasters::of(case), None)?;
    let lead = skill.lead(case, own);
    let verdict = on_lead(lead);
    let meant = match verdict {
        Verdict::Pass => {
            "Equal values are ordered by the rows of the solution file, and that order is worth little."
        }
        _ => {
            "Equal values are ordered by the rows of the solution file, and that order says something about the truth."
        }
    };
    let text = format!(
        "{meant} One value everywhere scores {}, weak honest work {} and good honest work {}.",
        short(own),
        short(skill.weak),
        short(skill.good)
    );
    Some(advised(
        check("F row order", verdict, lead, text),
        "Send one value everywhere, or round all values, and gain by the order in which the rows stand.",
        "Shuffle the rows of the solution before you upload it, or use a metric to which equal values are equal: spearman for numbers, roc_auc for yes and no.",
    ))
}

fn of_constant(solution: &Solution, truth: &[f64], row_numbers: &[u32]) -> Option<f64> {
    let constant = vec![0.5; truth.len()];
    let (truths, predictions) = ([Values::Numbers(truth)], [Values::Numbers(&constant)]);
    let rows = rows_of(solution, solution.range(Split::All), &truths, &predictions, 0);
    solution.judge().score(&Rows { row_numbers, ..rows }).and_then(finite).ok()
}
