//! The audit as a part of what a host reads before the launch: one finding for the whole, one for
//! everything that is wrong.

use holdout_contract::audit::{Audit, Check, Overall, Verdict};
use holdout_contract::examine::Finding;

use super::{pass, refused, warn};
use crate::audit::ask::{Declared, Plan, Settings};
use crate::audit::of_solution;
use crate::solution::{Solution, Split};

/// Audits the metric on a solution as its competition plans to use it.
pub fn of_competition(solution: &Solution, declared: Option<Declared>, plan: Plan) -> Audit {
    let n_scored = solution.range(Split::All).len().max(1);
    let public_fraction = solution.n_public() as f64 / n_scored as f64;
    of_solution(solution, &Settings::of_competition(declared, plan, public_fraction))
}

/// What a host reads of it: one finding for the whole, one for everything that is wrong.
pub fn findings(audit: &Audit) -> Vec<Finding> {
    if audit.overall == Overall::NotJudged {
        let reasons: Vec<&str> = audit.checks.iter().map(|check| check.text.as_str()).collect();
        let text = format!("Audit: {}. {}", audit.overall.word(), reasons.join(" "));
        return vec![warn(
            "audit",
            text,
            "Read on the metric's page how it can be gamed, and look at your labels with that in mind.",
        )];
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
    let whole = if audit.is_refused() {
        warn(
            "audit",
            whole,
            "A metric that was refused on these labels cannot be launched, and no reason changes that: choose another one, or mend what is told below.",
        )
    } else if audit.overall == Overall::Fail {
        warn(
            "audit",
            whole,
            "Participants will find it, too. Launch over a FAIL only with a reason that you write down: everybody reads it beside the rules.",
        )
    } else {
        pass("audit", whole)
    };
    std::iter::once(whole).chain(faults).collect()
}

fn fault(check: &Check) -> Finding {
    let (_, subject) = check.check.split_once(' ').unwrap_or(("", &check.check));
    let exploit = match check.exploit.as_str() {
        "" => String::new(),
        exploit => format!(" What a participant can do: {exploit}"),
    };
    let text = format!("{}, {subject}: {}{exploit}", check.verdict.word(), check.text);
    let name = format!("audit_{}", subject.to_lowercase().replace([' ', '/'], "_"));
    match check.verdict {
        Verdict::Refused => refused(&name, text, check.repair.clone()),
        _ => warn(&name, text, check.repair.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_beside_a_fail_is_none_that_a_reason_helps() {
        let check = |name: &str, verdict| Check {
            check: name.to_owned(),
            verdict,
            value: None,
            text: "It was found.".to_owned(),
            exploit: "Nothing.".to_owned(),
            repair: "Choose another metric.".to_owned(),
        };
        let fail = check("E honest report", Verdict::Fail);
        let told = findings(&Audit::of(vec![fail.clone(), check("R refusal", Verdict::Refused)]));
        assert!(told[0].fix.contains("cannot be launched"), "{told:?}");
        let is_refusal = |finding: &&Finding| finding.verdict == holdout_contract::examine::Verdict::Refused;
        assert_eq!(told.iter().filter(is_refusal).count(), 1, "and that is what stops the launch");
        let told = findings(&Audit::of(vec![fail]));
        assert!(told[0].fix.contains("with a reason") && told.iter().find(is_refusal).is_none(), "{told:?}");
    }

    #[test]
    fn what_a_participant_can_do_is_told_where_there_is_something_and_left_out_where_not() {
        let check = |verdict, exploit: &str| Check {
            check: "R refusal".to_owned(),
            verdict,
            value: None,
            text: "No file could be scored.".to_owned(),
            exploit: exploit.to_owned(),
            repair: "Choose another metric.".to_owned(),
        };
        let told = fault(&check(Verdict::Refused, "Nothing."));
        assert_eq!(told.verdict, holdout_contract::examine::Verdict::Refused);
        assert_eq!(
            told.text,
            "REFUSED, refusal: No file could be scored. What a participant can do: Nothing."
        );
        assert_eq!(fault(&check(Verdict::Warn, "")).text, "WARN, refusal: No file could be scored.");
    }
}
