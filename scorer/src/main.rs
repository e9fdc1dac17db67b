//! The scorer's program.

use std::process::ExitCode;

fn main() -> ExitCode {
    holdout_scorer::cli::run()
}
