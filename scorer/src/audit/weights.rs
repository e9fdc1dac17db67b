//! H, of the weights that a host wrote down: they may rest on a few rows, whatever is predicted.

use holdout_contract::audit::{Check, Verdict};

use super::influence::{on_share, share_of_half};
use super::report::{advised, check, percent, some_of};
use crate::solution::{Solution, Split};

/// The share of the rows that hold half of all weight, judged as the share that holds half of the influence. All rows are
/// looked at, for the heaviest may not be among some of them.
pub(super) fn heaviest(solution: &Solution) -> Option<Check> {
    let mut weights = solution.weights.as_ref()?[solution.range(Split::All)].to_vec();
    let total: f64 = weights.iter().sum();
    let share = share_of_half(&mut weights);
    let heaviest = *weights.first()?;
    let verdict = on_share(share);
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
