//! `holdout-scorer audit`: the report on two files, without a database.

use std::path::{Path, PathBuf};

use clap::Args;
use holdout_contract::audit::{Audit, Check, Verdict};
use holdout_contract::examine::{self, Finding};

use crate::audit::MAX_DIGITS;
use crate::audit::ask::{Declared, Settings};
use crate::audit::report::{advised, check};
use crate::examine::data::{self, Bound, Data};
use crate::examine::{known_columns, of_labels};
use crate::intake::Limits;
use crate::intake::content::{self, Bytes};
use crate::solution::{Solution, Split};

/// Of public rows, where nothing says another.
const USUAL_SHARE: f64 = 0.3;

#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// What the winner's file should hold: mean, median, "quantile 0.9", probabilities, order or labels.
    #[arg(long)]
    declared: Option<Declared>,
    /// Share of the rows that the public board is computed on; 1 for all. Without it, that of the solution's
    /// column Usage, else 0.3.
    #[arg(long)]
    public_frac: Option<f64>,
    /// Decimals that the public board shows.
    #[arg(long, default_value_t = 5)]
    digits: u32,
    /// Submissions that one team may make in the whole contest.
    #[arg(long, default_value_t = 300)]
    subs: u32,
}

impl PlanArgs {
    /// # Errors
    /// A sentence for the command line.
    pub fn check(&self) -> Result<(), String> {
        if self.public_frac.is_some_and(|share| !(share > 0.0 && share <= 1.0)) {
            return Err("--public-frac must lie above 0 and not above 1.".to_owned());
        }
        if self.digits > MAX_DIGITS {
            return Err(format!("--digits must not be above {}.", MAX_DIGITS));
        }
        Ok(())
    }

    /// With what is not said taken from the solution.
    pub fn settings(&self, solution: Option<&Solution>) -> Settings {
        let own = solution
            .filter(|solution| !solution.split_was_made())
            .map(|solution| solution.n_public() as f64 / solution.range(Split::All).len().max(1) as f64);
        Settings {
            declared: self.declared,
            public_fraction: self.public_frac.or(own).unwrap_or(USUAL_SHARE),
            digits: self.digits,
            n_submissions: self.subs,
        }
    }
}

#[derive(Debug, Clone, Args)]
pub struct TablesArgs {
    /// The training file that participants get: rows of the test in it, columns that are the answer, groups and
    /// times on both sides are looked for.
    #[arg(long, requires = "test")]
    train: Option<PathBuf>,
    /// The test file that participants get: the rows to predict, without their labels.
    #[arg(long, requires = "train")]
    test: Option<PathBuf>,
}

impl TablesArgs {
    /// Adds to a report what solution and files give away.
    ///
    /// # Errors
    /// A sentence for the command line: a file that cannot be opened.
    pub fn complete(&self, audit: Audit, solution: &Solution, limits: &Limits) -> Result<Audit, String> {
        let mut findings = of_labels(solution);
        findings.extend(self.found(&known_columns(&solution.profile()), Some(solution), limits)?);
        Ok(with_tables(audit, &findings))
    }

    /// Adds to a report on a metric of one's own what the files give away; `known` are the id column and those of the
    /// labels.
    ///
    /// # Errors
    /// As [`TablesArgs::complete`].
    pub fn complete_of_module(
        &self,
        audit: Audit,
        known: &[String],
        limits: &Limits,
    ) -> Result<Audit, String> {
        Ok(with_tables(audit, &self.found(known, None, limits)?))
    }

    fn found(
        &self,
        known: &[String],
        solution: Option<&Solution>,
        limits: &Limits,
    ) -> Result<Vec<Finding>, String> {
        let (Some(train), Some(test)) = (&self.train, &self.test) else { return Ok(Vec::new()) };
        let (train, test) = (bytes(train)?, bytes(test)?);
        let (train, test) = (Some(&train), Some(&test));
        Ok(data::examine(&Data { train, test, known, solution, bound: Bound::default() }, limits))
    }
}

fn with_tables(audit: Audit, findings: &[Finding]) -> Audit {
    let Audit { overall, mut checks } = audit;
    checks.extend(findings.iter().map(of_tables));
    Audit { overall, checks }
}

fn bytes(path: &Path) -> Result<Bytes, String> {
    content::map(path).map_err(|error| format!("{} cannot be read: {error}.", path.display()))
}

/// A finding about solution and files as a check.
fn of_tables(finding: &Finding) -> Check {
    let verdict = match finding.verdict {
        examine::Verdict::Pass => Verdict::Pass,
        examine::Verdict::Warn => Verdict::Warn,
        examine::Verdict::Refused => Verdict::Refused,
    };
    let name = format!("T {}", finding.check.replace('_', " "));
    advised(check(&name, verdict, None, finding.text.clone()), finding.exploit(), finding.fix.clone())
}
