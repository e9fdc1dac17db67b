//! Everything that is wrong with a folder.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::cli::{CliError, Outcome, Session};
use crate::folder::problems::{Problem, n_errors};
use crate::folder::read;

#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// The folder with competition.toml.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

pub fn validate(session: &Session, args: &ValidateArgs) -> Outcome {
    let problems = read::read(&args.folder, holdout_contract::catalogue::known()).problems;
    session.screen.answer(&document(&problems), |_| shown(&args.folder, &problems));
    refuse_errors(&problems)
}

pub(super) fn document(problems: &[Problem]) -> Value {
    let n_errors = n_errors(problems);
    json!({ "problems": problems, "n_errors": n_errors, "n_warnings": problems.len() - n_errors })
}

pub(super) fn shown(folder: &Path, problems: &[Problem]) -> String {
    let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    if n_errors(problems) == 0 {
        lines.push(format!("{} can be pushed.", folder.display()));
    }
    lines.join("\n")
}

pub(super) fn refuse_errors(problems: &[Problem]) -> Outcome {
    match n_errors(problems) {
        0 => Ok(()),
        n => Err(CliError::Rejected(format!("{n} {} to mend.", if n == 1 { "error" } else { "errors" }))),
    }
}
