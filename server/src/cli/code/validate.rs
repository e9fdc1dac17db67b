//! Everything that is wrong with a folder.

use std::path::Path;

use serde_json::json;

use crate::cli::{CliError, Outcome};
use crate::folder::problems::{Problem, n_errors};
use crate::folder::read;

pub fn validate(folder: &Path, as_json: bool) -> Outcome {
    let problems = read::read(folder, holdout_contract::catalogue::known()).problems;
    let n_errors = n_errors(&problems);
    let n_warnings = problems.len() - n_errors;
    if as_json {
        println!("{}", json!({ "problems": problems, "n_errors": n_errors, "n_warnings": n_warnings }));
    } else {
        show(&problems);
        if n_errors == 0 {
            println!("{} can be pushed.", folder.display());
        }
    }
    match n_errors {
        0 => Ok(()),
        n => Err(CliError::Rejected(format!("{n} {} to mend.", if n == 1 { "error" } else { "errors" }))),
    }
}

pub(super) fn show(problems: &[Problem]) {
    problems.iter().for_each(|problem| println!("{problem}"));
}
