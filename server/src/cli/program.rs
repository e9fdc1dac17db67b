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
    /// Print the one-time link that makes the first administrator; for whoever has the database's address.
    ///
    /// `holdout up` prints it by itself. Earlier links end. Where there is an administrator, none is made: they make others.
    AdminLink {
        /// Make one all the same: for a site whose administrators cannot sign in any more. The log says who used it.
        #[arg(long)]
        another: bool,
    },
    /// Download PostgreSQL's programs into the data folder, for machines that have none.
    FetchPostgres,
    /// Install pandas, numpy, scikit-learn and Jupyter's kernel into the data folder, for metrics that hosts write
    /// and for runs of notebooks.
    PythonSetup,
    /// Copy the database and all files into a folder, while the site runs; the scorers' key is kept apart.
    Backup(BackupArgs),
    /// Make an installation from a backup, where there is none.
    Restore(RestoreArgs),
    /// Files that no row names any more, and rows whose file is missing or changed.
    Storage {
        #[command(subcommand)]
        verb: StorageVerb,
    },
    /// Another key for the secrets of authenticator apps, which nobody has to set up anew for it.
    AccountsKey {
        #[command(subcommand)]
        verb: AccountsKeyVerb,
    },
    /// Say what is wrong with this installation, and how to mend it.
    Doctor,
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Say which files the web server could read; exit with 1 if any.
    #[command(hide = true)]
    Confined { paths: Vec<PathBuf> },
    /// Make a synthetic competition to measure this installation with.
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
    /// Say what the exit codes mean.
    #[command(after_help = manual::exit_codes())]
    ExitCodes,
}

#[derive(Debug, Subcommand)]
pub enum StorageVerb {
    /// Count and name both; nothing is removed.
    ///
    /// Every file is read and compared with its hash where one is on record. Exit code 2: a row's file is missing or changed.
    Check(CheckArgs),
    /// Remove files that no row names.
    Clean(StorageArgs),
}

#[derive(Debug, Subcommand)]
pub enum AccountsKeyVerb {
    /// Put a new key before those in the file, which go on opening what they sealed.
    ///
    /// Servers read the file when they start: give it to all of them and start them again.
    Renew(KeyArgs),
    /// Put every secret under the first key in the file, while the site runs; say whether the others can go.
    Reseal(KeyArgs),
    /// Let the former keys go, where no secret needs one.
    Forget(KeyArgs),
}

#[derive(Debug, Subcommand)]
pub enum DemoVerb {
    /// Make the demonstrations that are not there yet; a scorer must be running.
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
