//! The audit as a part of what a host reads before the launch: one finding for the whole, one for
//! everything that is wrong.

use holdout_contract::audit::{Audit, Check, Verdict};
use holdout_contract::examine::Finding;

use super::ask::Settings;
use super::of_solution;
use crate::examine::{pass, refused, warn};
use crate::solution::{Solution, Split};

/// Where a host says what the winner's file should hold: mean, median, “quantile 0.9” and so on.
const DECLARED: &str = "declared";

/// Audits the metric on a solution as its competition plans to use it.
pub fn findings(solution: &Solution) -> Vec<Finding> {
    let declared = match solution.judge().context.text(DECLARED).map(str::parse).transpose() {
        Ok(declared) => declared,
        Err(sentence) => {
            return vec![refused("audit", sentence, "Mend “declared” in the competition's context.")];
        }
    };
    let n_scored = solution.range(Split::All).len().max(1);
    let settings = Settings {
        declared,
        public_fraction: solution.n_public() as f64 / n_scored as f64,
        ..Settings::default()
    };
    told(&of_solution(solution, &settings))
}

fn told(audit: &Audit) -> Vec<Finding> {
    if let [Check { verdict: Verdict::Info, .. }] = audit.checks.as_slice() {
        return Vec::new();
    }
    let is_fault = |check: &&Check| check.verdict > Verdict::Info;
    let faults: Vec<Finding> = audit.checks.iter().filter(is_fault).map(fault).collect();
    let word = audit.overall.word();
    let whole = match faults.is_empty() {
        true => format!(
            "Audit: {word}. Nothing that was tried makes this metric reward anything but better predictions."
        ),
        false => {
            format!("Audit: {word}. What was found about this metric on these labels is told one by one.")
        }
    };
    let whole = if word == "FAIL" || word == "REFUSED" {
        warn("audit", whole, "Read what follows before you launch: participants will find it, too.")
    } else {
        pass("audit", whole)
    };
    std::iter::once(whole).chain(faults).collect()
}

fn fault(check: &Check) -> Finding {
    let (_, subject) = check.check.split_once(' ').unwrap_or(("", &check.check));
    let text = format!(
        "{}, {subject}: {} What a participant can do: {}",
        check.verdict.word(),
        check.text,
        check.exploit
    );
    let name = format!("audit_{}", subject.to_lowercase().replace([' ', '/'], "_"));
    match check.verdict {
        Verdict::Refused => refused(&name, text, check.repair.clone()),
        _ => warn(&name, text, check.repair.clone()),
    }
}
