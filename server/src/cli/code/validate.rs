//! Everything that is wrong with a folder.

use std::path::Path;

use serde_json::json;

use crate::cli::{CliError, Outcome, Session};
use crate::folder::problems::{Problem, n_errors};
use crate::folder::read;

pub fn validate(session: &Session, folder: &Path) -> Outcome {
    let problems = read::read(folder, holdout_contract::catalogue::known()).problems;
    let n_errors = n_errors(&problems);
    let n_warnings = problems.len() - n_errors;
    let document = json!({ "problems": problems, "n_errors": n_errors, "n_warnings": n_warnings });
    session.screen.answer(&document, |_| shown(folder, &problems, n_errors));
    match n_errors {
        0 => Ok(()),
        n => Err(CliError::Rejected(format!("{n} {} to mend.", if n == 1 { "error" } else { "errors" }))),
    }
}

fn shown(folder: &Path, problems: &[Problem], n_errors: usize) -> String {
    let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    if n_errors == 0 {
        lines.push(format!("{} can be pushed.", folder.display()));
    }
    lines.join("\n")
}
