//! How many decimals a board is worth before anybody sent a file: by what the audit expects of good entries on as many rows.
//! From its first looks at the board on, a scorer knows it of the teams' own files.

use holdout_contract::audit::{FOUND, PRIVATE_ROWS};
use holdout_contract::interval::decimals_of_error;

use crate::competitions::setup::Draft;

/// `None` where the audit does not tell.
pub fn first_digits(draft: &Draft) -> Option<i32> {
    let report = draft.report.as_ref()?;
    let (profile, audit) = (report.profile.as_ref()?, report.audit.as_ref()?);
    let found = audit.checks.iter().find(|check| check.check == PRIVATE_ROWS)?.value?;
    let error = found / FOUND * (profile.n_private as f64 / profile.n_public as f64).sqrt();
    (error > 0.0 && error.is_finite()).then(|| i32::try_from(decimals_of_error(error)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use holdout_contract::audit::{Audit, Check, Verdict};
    use holdout_contract::examine::Profile;

    use super::*;

    fn draft(n_public: u64, n_private: u64, told_apart: f64) -> Draft {
        let check = Check {
            check: PRIVATE_ROWS.to_owned(),
            verdict: Verdict::Pass,
            value: Some(told_apart),
            text: String::new(),
            exploit: String::new(),
            repair: String::new(),
        };
        let profile = Profile {
            id_column: "id".to_owned(),
            target_columns: vec!["target".to_owned()],
            extra_columns: Vec::new(),
            n_public,
            n_private,
            n_ignored: 0,
            split_was_made: false,
            targets: Vec::new(),
            submission: None,
        };
        let mut draft = Draft::sample();
        if let Some(report) = &mut draft.report {
            (report.profile, report.audit) = (Some(profile), Some(Audit::of(vec![check])));
        }
        draft
    }

    #[test]
    fn fewer_public_rows_are_worth_fewer_digits() {
        // An error of 0.01 on the private rows, 0.03 on a ninth of them.
        assert_eq!(first_digits(&draft(1000, 1000, 0.028)), Some(3));
        assert_eq!(first_digits(&draft(100, 900, 0.028)), Some(2));
        assert_eq!(first_digits(&draft(1000, 1000, 2800.0)), Some(0));
        assert_eq!(first_digits(&draft(0, 900, 0.028)), None);
        assert_eq!(first_digits(&draft(100, 900, 0.0)), None);
        assert_eq!(first_digits(&Draft::sample()), None, "an audit without this check");
    }
}
