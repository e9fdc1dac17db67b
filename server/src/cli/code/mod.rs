//! A competition as code: a folder is checked, pushed to a server, and pulled from one.

mod validate;

use std::path::PathBuf;

use clap::Subcommand;

use super::Outcome;

#[derive(Debug, Subcommand)]
pub enum CodeVerb {
    /// Check a competition's folder without a server; list everything that is wrong with it.
    ///
    /// Exit code 0: it can be pushed; 2: it has errors.
    Validate {
        /// The folder with competition.toml.
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one command.
///
/// # Errors
/// What went wrong, in words for the terminal.
pub fn run(verb: CodeVerb) -> Outcome {
    match verb {
        CodeVerb::Validate { folder, json } => validate::validate(&folder, json),
    }
}
