//! One metric that ranks with others beside it: only the first can be gamed for a place, so the audit is its own. The
//! values of the others are shown as well, and what they give away of the labels is told of each.

use holdout_contract::audit::{Audit, Check};

use super::ask::Settings;
use super::of_solution;
use super::ranked::of_part;
use crate::solution::Solution;

/// What shown values give away.
const OF_WHAT_IS_SHOWN: [&str; 2] = ["I probing", "P safe decimals"];

/// Audits the first part.
pub fn of_primary(parts: &[(String, Solution)], settings: &Settings) -> Audit {
    let Some(((_, primary), secondary)) = parts.split_first() else { return Audit::of(Vec::new()) };
    let mut audit = of_solution(primary, settings);
    if !audit.is_refused() {
        let of_each = secondary.iter().flat_map(|(name, part)| given_away(name, part, settings));
        audit.checks.extend(of_each.collect::<Vec<_>>());
    }
    audit
}

fn given_away(name: &str, part: &Solution, settings: &Settings) -> Vec<Check> {
    let checks = of_solution(part, settings).checks.into_iter();
    let is_shown = |check: &Check| OF_WHAT_IS_SHOWN.contains(&check.check.as_str());
    checks.filter(is_shown).map(|check| of_part(check, name)).collect()
}
