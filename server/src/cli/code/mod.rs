//! A competition as code: a folder is checked, pushed to a server, and pulled from one.

mod validate;

use std::path::PathBuf;

use clap::Subcommand;

use super::{Outcome, Session};

#[derive(Debug, Subcommand)]
pub enum CodeVerb {
    /// Check a competition's folder without a server; list everything that is wrong with it.
    ///
    /// Exit code 0: it can be pushed; 2: it has errors.
    Validate {
        /// The folder with competition.toml.
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
}

/// Runs one command.
///
/// # Errors
/// What went wrong, in words for the terminal.
pub fn run(session: &Session, verb: &CodeVerb) -> Outcome {
    match verb {
        CodeVerb::Validate { folder } => validate::validate(session, folder),
    }
}
