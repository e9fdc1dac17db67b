//! The command line's client side: what participants and hosts do against a server's JSON API.
//!
//! Never here: SQL, or a rule; the server decides. A solution is sealed on this side, so that the
//! server never holds it in the clear.

mod client;
mod code;
mod kaggle_env;
mod launch;
mod participate;
mod settings;
mod tus;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// A command's failure, in words, with the exit code that scripts see.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The server or a file said no; exit code 1.
    #[error("{0}")]
    Refused(String),
    /// The file was judged and found wrong; exit code 2, as `holdout-scorer` does.
    #[error("{0}")]
    Rejected(String),
}

impl CliError {
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Refused(_) => 1,
            Self::Rejected(_) => 2,
        }
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

type Outcome = Result<(), CliError>;

/// Which server, as whom, and how to print.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// Address of the server; remembered by `login`.
    #[arg(long, env = "HOLDOUT_SERVER")]
    pub server: Option<String>,
    /// API token; remembered by `login`.
    #[arg(long, env = "HOLDOUT_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum ClientVerb {
    /// Sign in with name and password, or with an API token (made under Settings → API tokens).
    Login {
        /// User name or e-mail address; asked for when left out.
        #[arg(short, long)]
        username: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Accept a competition's rules.
    Join {
        /// Name in the competition's address.
        competition: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Download a competition's files.
    Download {
        competition: String,
        /// Folder to put them into.
        #[arg(long, default_value = ".")]
        into: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
    /// Have a file checked without spending an entry.
    Check {
        file: PathBuf,
        #[arg(short, long)]
        competition: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Send predictions.
    Submit {
        file: PathBuf,
        #[arg(short, long)]
        competition: String,
        /// A note to yourself.
        #[arg(short, long, default_value = "")]
        message: String,
        /// Wait until it is scored.
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// List your team's submissions.
    Submissions {
        competition: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show the leaderboard.
    Leaderboard {
        competition: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Have every score of a competition you host computed again and compared, to the last digit.
    ///
    /// Exit code 0: all came out the same; 2: some differ; 1: it could not be done.
    Verify {
        competition: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Print what Kaggle's own client needs in its environment to use this server.
    ///
    /// In a shell: eval "$(holdout kaggle-env)", then `kaggle competitions list`.
    KaggleEnv {
        /// Set user name and key, as older versions have them, in place of a token.
        #[arg(long)]
        key: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// What hosts do.
    Host {
        #[command(subcommand)]
        verb: HostVerb,
    },
    /// Host a competition from one labelled table.
    Launch {
        /// CSV (also gzip or zip) or Parquet with a target column.
        table: PathBuf,
        /// Name of the column to be predicted.
        #[arg(long)]
        target: String,
        #[arg(long)]
        title: String,
        /// Name in the address; made from the title when left out.
        #[arg(long)]
        slug: Option<String>,
        /// Length of the competition in days.
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// Launch without asking.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Subcommand)]
pub enum HostVerb {
    #[command(flatten)]
    Code(code::CodeVerb),
}

/// Runs one command.
///
/// # Errors
/// What went wrong, in words for the terminal.
pub fn run(verb: ClientVerb) -> Outcome {
    match verb {
        ClientVerb::Login { username, connection } => settings::login(&connection, username.as_deref()),
        ClientVerb::Join { competition, connection } => participate::join(&connection, &competition),
        ClientVerb::Download { competition, into, connection } => {
            participate::download(&connection, &competition, &into)
        }
        ClientVerb::Check { file, competition, connection } => {
            participate::check(&connection, &competition, &file)
        }
        ClientVerb::Submit { file, competition, message, wait, connection } => {
            participate::submit(&connection, &competition, &file, &message, wait)
        }
        ClientVerb::Submissions { competition, connection } => {
            participate::submissions(&connection, &competition)
        }
        ClientVerb::Leaderboard { competition, connection } => {
            participate::leaderboard(&connection, &competition)
        }
        ClientVerb::KaggleEnv { key, connection } => kaggle_env::kaggle_env(&connection, key),
        ClientVerb::Host { verb: HostVerb::Code(verb) } => code::run(verb),
        ClientVerb::Verify { competition, connection } => verify::verify(&connection, &competition),
        ClientVerb::Launch { table, target, title, slug, days, yes, connection } => {
            launch::launch(&connection, &launch::Plan { table, target, title, slug, days, yes })
        }
    }
}
