//! A competition as code: a folder is checked, pushed to a server, and pulled from one.
//!
//! Never here: a rule about folders, which is the room `folder`'s, or about competitions, which is the
//! server's.

mod apply;
mod import;
mod pull;
mod push;
mod take_in;
mod validate;

use clap::Subcommand;

use super::{Outcome, Session};

#[derive(Debug, Subcommand)]
pub enum CodeVerb {
    /// Check a competition's folder without a server, and list every problem.
    ///
    /// Exit code 0: it can be pushed; 2: it has errors.
    Validate(validate::ValidateArgs),
    /// Push a competition's folder: show the difference, ask, then create or update the competition.
    ///
    /// The solution is sealed on this machine. After the launch, another solution or metric makes a new scoring
    /// version with --reason: everything is scored again, and published after asking.
    Push(push::PushArgs),
    /// Import an archive from `holdout host export`, or turn a competition of another platform into a folder.
    ///
    /// An archive of another installation becomes a draft here, with its people, submissions and forum; after
    /// --launch every score is computed again and compared with the archive's: exit code 2 if some differ.
    /// Bundles of Codabench, EvalAI, Hugging Face and Kaggle-style folders become a folder:
    /// IMPORT.md and import.json list what was carried over, changed and left behind. Nothing of the bundle is run here.
    Import(import::ImportArgs),
    /// Write a competition into a folder that can be pushed again. The labels stay sealed on the server.
    Pull(pull::PullArgs),
}

/// Runs one command.
///
/// # Errors
/// What went wrong, in words for the terminal.
pub fn run(session: &Session, verb: &CodeVerb) -> Outcome {
    match verb {
        CodeVerb::Validate(args) => validate::validate(session, args),
        CodeVerb::Push(args) => push::push(session, args),
        CodeVerb::Import(args) => import::import(session, args),
        CodeVerb::Pull(args) => pull::pull(session, args),
    }
}
