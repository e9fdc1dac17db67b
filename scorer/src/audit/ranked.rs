//! Mean of ranks: teams are ranked by every part, so every part is audited on the columns that it reads, and what
//! games one of them games the ranks under it. The name of a check ends with the part that it is of.

use holdout_contract::audit::{Audit, Check, Overall, Verdict};

use super::ask::Settings;
use super::report::{advised, check};
use super::{honesty, of_solution};
use crate::solution::Solution;

/// What is told of a contest, not of a metric, and therefore once.
const OF_THE_CONTEST: [&str; 2] = ["P public board", "R rows looked at"];

/// Audits every part; the verdict is the worst of theirs, and no part that cannot be judged passes.
pub fn of_parts(parts: &[(String, Solution)], settings: &Settings) -> Audit {
    let found: Vec<(&str, Audit)> =
        parts.iter().map(|(name, part)| (name.as_str(), of_solution(part, settings))).collect();
    let is_judged = found.iter().any(|(_, audit)| audit.overall != Overall::NotJudged);
    let mut overall = Overall::NotJudged;
    let mut checks: Vec<Check> = vec![distances()];
    for (name, audit) in found {
        overall = overall.max(audit.overall);
        if is_judged && audit.overall == Overall::NotJudged {
            overall = overall.max(Overall::Warn);
            checks.push(of_part(unjudged(), name));
        }
        for check in audit.checks {
            let is_told_once = OF_THE_CONTEST.contains(&check.check.as_str());
            if !is_told_once {
                checks.push(of_part(check, name));
            } else if checks.iter().all(|known| known.check != check.check) {
                checks.push(check);
            }
        }
    }
    Audit { overall, checks }
}

pub(super) fn of_part(check: Check, name: &str) -> Check {
    Check { check: format!("{} of {name}", check.check), ..check }
}

fn distances() -> Check {
    check(
        "D invariance",
        Verdict::Info,
        None,
        "Only the order of the teams under every part counts, not how far apart they are. A gain in the last decimal of one part can be worth as much as a large one in another, and whoever enters between two rivals under one part can exchange them.",
    )
}

fn unjudged() -> Check {
    advised(
        check(
            honesty::NAME,
            Verdict::Warn,
            None,
            "Nobody knows whether honest work wins under this part, for it could not be judged.",
        ),
        "What games this part games the ranks under it.",
        "Read on the part's own page how it can be gamed, or leave it out.",
    )
}
