//! The whole command line: every verb, and what goes before one runs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::manual::{self, CompletionsArgs, ManArgs};
use super::{CliError, ClientVerb, Colour, Connection, Screen, competition};
use crate::house::accounts_key::KeyArgs;
use crate::house::backup::make::BackupArgs;
use crate::house::backup::restore::RestoreArgs;
use crate::house::storage::{CheckArgs, StorageArgs};
use crate::house::up::UpArgs;
use crate::seed::Size;

/// A command line that was understood.
#[derive(Debug, Parser)]
#[command(name = "holdout", version, about = "Self-hosted machine-learning competitions", after_help = manual::exit_codes())]
pub struct Program {
    #[command(flatten)]
    pub connection: Connection,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run everything on this machine: database, web server and scorers.
    Up(UpArgs),
    /// Serve the web site and the API.
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Print the one-time link that makes the first administrator; needs access to the database.
    ///
    /// `holdout up` prints it automatically. Earlier links stop working. If there is an administrator, no link is made: they can appoint others.
    AdminLink {
        /// Make one anyway: for a site whose administrators can no longer sign in. The log shows who used it.
        #[arg(long)]
        another: bool,
    },
    /// Download PostgreSQL's programs into the data folder, for machines that do not have them.
    FetchPostgres,
    /// Install pandas, numpy, scikit-learn and Jupyter's kernel into the data folder, for metrics that hosts write
    /// and for runs of notebooks.
    PythonSetup,
    /// Copy the database and all files into a folder, while the site runs; the scorers' key is kept apart.
    Backup(BackupArgs),
    /// Restore a backup where there is no installation yet.
    Restore(RestoreArgs),
    /// Find files that are no longer used, and records whose file is missing or changed.
    Storage {
        #[command(subcommand)]
        verb: StorageVerb,
    },
    /// Change the key for the secrets of authenticator apps; nobody has to set theirs up again.
    AccountsKey {
        #[command(subcommand)]
        verb: AccountsKeyVerb,
    },
    /// Show what is wrong with this installation, and how to fix it.
    Doctor,
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Show which files the web server could read; exit with 1 if any.
    #[command(hide = true)]
    Confined { paths: Vec<PathBuf> },
    /// Create a synthetic competition to measure this installation with.
    Seed(Size),
    /// The demonstration competitions.
    Demo {
        #[command(subcommand)]
        verb: DemoVerb,
    },
    #[command(flatten)]
    Client(ClientVerb),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
    /// Print the man page, or write one for every command into a folder.
    Man(ManArgs),
    /// Explain the exit codes.
    #[command(after_help = manual::exit_codes())]
    ExitCodes,
}

#[derive(Debug, Subcommand)]
pub enum StorageVerb {
    /// Count and name both; nothing is removed.
    ///
    /// Every file is read and compared with its hash where one is on record. Exit code 2: a row's file is missing or changed.
    Check(CheckArgs),
    /// Remove files that are no longer used.
    Clean(StorageArgs),
}

#[derive(Debug, Subcommand)]
pub enum AccountsKeyVerb {
    /// Put a new key before those in the file; the old ones can still open what they sealed.
    ///
    /// Servers read the file when they start: give it to all of them and start them again.
    Renew(KeyArgs),
    /// Put every secret under the first key in the file, while the site runs; say whether the others can go.
    Reseal(KeyArgs),
    /// Remove the former keys, if no secret needs them.
    Forget(KeyArgs),
}

#[derive(Debug, Subcommand)]
pub enum DemoVerb {
    /// Create the demonstrations that do not exist yet; a scorer must be running.
    Load,
}

impl Verb {
    /// Whether it runs until it is stopped: its log is what it writes to stdout.
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Up(_) | Self::Serve)
    }
}

impl Program {
    /// Reads the command line.
    ///
    /// # Errors
    /// The exit code of a command line that is wrong, or that asked for help; what there is to say was said.
    pub fn read() -> Result<Self, ExitCode> {
        let mut command = Self::command();
        let words = competition::in_front(&command, std::env::args_os().collect());
        let found = command.try_get_matches_from_mut(words.clone()).map_err(|error| usage_only(error, words));
        found
            .and_then(|found| Self::from_arg_matches(&found))
            .map_err(|error| tell_usage(&error.format(&mut command)))
    }
}

/// A usage that names what a command asks for: what the environment gives besides would be listed as though it was asked for.
fn usage_only(error: clap::Error, words: Vec<OsString>) -> clap::Error {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return error;
    }
    let mut command = Program::command();
    for name in ["server", "token"] {
        command = command.mut_arg(name, |arg| arg.env(None::<&'static str>));
    }
    command.try_get_matches_from_mut(words).err().unwrap_or(error)
}

/// Help and version are answers; anything else is a command line that is wrong.
fn tell_usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return ExitCode::SUCCESS;
    }
    let usage = CliError::Usage(error.render().to_string().trim_end().to_owned());
    if wants_json(std::env::args_os()) {
        Screen::new(true, Colour::Never).answer(&usage.document(), |_| String::new());
    }
    exit_code(usage.exit_code())
}

/// Of a command line that could not be read.
fn wants_json(mut words: impl Iterator<Item = OsString>) -> bool {
    words.any(|word| word == "--json")
}

pub fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
