//! H, of the weights that a host wrote down: they may rest on a few rows, whatever is predicted.

use holdout_contract::audit::{Check, Verdict};

use super::report::{advised, check, percent, some_of};
use crate::solution::{Solution, Split};

/// The share of the rows that hold half of all weight, judged as the share that holds half of the influence. All rows are
/// looked at, for the heaviest may not be among some of them.
pub(super) fn heaviest(solution: &Solution) -> Option<Check> {
    let mut weights = solution.weights.as_ref()?[solution.range(Split::All)].to_vec();
    weights.sort_by(|a, b| b.total_cmp(a));
    let total: f64 = weights.iter().sum();
    let (heaviest, n) = (*weights.first()?, weights.len());
    let mut sum = 0.0;
    let n_heavy = weights.iter().take_while(|weight| {
        sum += **weight;
        sum < total / 2.0
    });
    let share = (n_heavy.count() + 1).min(n) as f64 / n as f64;
    let verdict = if share < 0.02 {
        Verdict::Fail
    } else if share < 0.06 {
        Verdict::Warn
    } else {
        Verdict::Pass
    };
    let meant = match verdict {
        Verdict::Pass => "The weights that you wrote down lie on many rows, not on a few.",
        _ => "By the weights that you wrote down, a few rows decide the order of the board.",
    };
    let text = format!(
        "{meant} Half of all weight lies on {}, and the heaviest row alone has {} of it.",
        some_of(share, "rows"),
        percent(heaviest / total)
    );
    Some(advised(
        check("H weights", verdict, share, text),
        "Work for the few rows that weigh most, and be lucky on them.",
        "Write down weights that differ less, or say in the rules that these rows are meant to decide.",
    ))
}
