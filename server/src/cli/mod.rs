//! The command line's client side: what participants and hosts do against a server's JSON API.
//!
//! Never here: SQL, or a rule; the server decides. A solution is sealed on this side, so that the server
//! never holds it in the clear; a file of predictions is checked on this side before it is sent. One
//! document or text goes to stdout, everything else to stderr. Start at [`run`].

mod account;
mod address;
mod certificate;
mod check;
mod client;
mod code;
pub mod competition;
mod competitions;
mod download;
mod fault;
mod final_board;
mod host;
mod incidents;
mod kaggle_env;
mod launch;
mod leaderboard;
mod local;
pub mod manual;
mod notebook;
mod personal;
pub mod program;
mod proofs;
mod quota;
mod recompute;
mod rejection;
mod screen;
mod seal;
mod settings;
mod submissions;
mod submit;
mod table;
mod team;
mod texts;
mod tus;
mod verify;

use clap::{Args, Subcommand};

use client::Client;
use competition::Competition;
pub use fault::{CliError, Outcome};
pub use screen::{Colour, Screen};

/// Which server, as whom, and how to print. Every command takes these.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection and output")]
pub struct Connection {
    /// Address of the server; remembered by `login`.
    #[arg(long, global = true, env = "HOLDOUT_SERVER")]
    pub server: Option<String>,
    /// API token; remembered by `login`.
    #[arg(long, global = true, env = "HOLDOUT_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// When to write in colour; NO_COLOR is honoured.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Colour,
}

impl Connection {
    pub fn screen(&self) -> Screen {
        Screen::new(self.json, self.color)
    }
}

/// A client for the server that was named, and what is written to.
pub struct Session {
    pub client: Client,
    pub screen: Screen,
}

#[derive(Debug, Subcommand)]
pub enum ClientVerb {
    /// Sign in with name and password, or with an API token (made under Settings → API tokens).
    Login(account::LoginArgs),
    /// Forget the token on this machine; one made by `login` is revoked.
    Logout,
    /// Show who is signed in.
    Whoami,
    /// API tokens: list, new, revoke.
    #[command(subcommand)]
    Tokens(account::TokensVerb),
    /// Your data, e-mail address and account: export, email, delete, keep; for administrators: make, hosting.
    #[command(subcommand)]
    Account(personal::AccountVerb),
    /// Show storage used and allowed, for you or for a competition you host.
    Quota(quota::QuotaArgs),
    /// List competitions.
    Competitions(competitions::ListArgs),
    /// Show a competition: its times, limits and metric, and what you may still send today.
    Competition(Competition),
    /// Show what changed since the launch: times that moved, data files added, changed or removed.
    Changes(competitions::ChangesArgs),
    /// Accept a competition's rules.
    Join(competitions::JoinArgs),
    /// Download a competition's files. An interrupted download resumes where it stopped.
    Download(download::DownloadArgs),
    /// Check a file without using up a submission: on this machine, before anything is sent.
    ///
    /// The header, cells and ids are compared with the sample submission, which is downloaded once. If only a
    /// scorer can tell, as for Parquet, the file is sent to be checked. Exit code 2: it would be rejected.
    Check(check::CheckArgs),
    /// Submit predictions, after checking them on this machine.
    Submit(submit::SubmitArgs),
    /// List your team's submissions.
    Submissions(submissions::ListArgs),
    /// Show one of your team's submissions, or get its file back.
    Submission(submissions::ShowArgs),
    /// Choose submissions for the final board.
    Select(submissions::SelectArgs),
    /// Your team: show, rename, invite, accept, merge, leave.
    #[command(subcommand)]
    Team(team::TeamVerb),
    /// Show the leaderboard.
    Leaderboard(leaderboard::BoardArgs),
    /// Show your certificate of a finished competition, with the address where anyone can verify it.
    Certificate(Competition),
    /// Compute every score of a competition you host again and compare it, to the last digit.
    ///
    /// Exit code 0: all are the same; 2: some differ; 1: it could not be done.
    Verify(Competition),
    /// Show what scorers committed to: a hash of the labels and of which rows are public, for every version that counts or counted.
    Commitments(Competition),
    /// Check labels that a host released against the commitment made before they counted.
    ///
    /// Exit code 2: they differ.
    VerifyCommitment(proofs::VerifyCommitmentArgs),
    /// Check the log of everything received: that it is one chain, and that your receipts are in it.
    ///
    /// With --receipts, checks it against what you kept, so that it cannot have been rewritten since. Exit code 2: something differs.
    VerifyLog(proofs::VerifyLogArgs),
    /// Compute final boards again from submissions, scores, selections and decisions, and compare them with the stored ones.
    ///
    /// Medals, points and tiers follow from them and are compared too. Exit code 0: all are the same; 2: some differ.
    Recompute(recompute::RecomputeArgs),
    /// Print what Kaggle's own client needs in its environment to use this server.
    ///
    /// In a shell: eval "$(holdout kaggle-env)", then `kaggle competitions list`.
    KaggleEnv {
        /// Set user name and key, as older versions use them, instead of a token.
        #[arg(long)]
        key: bool,
    },
    /// Notebooks: push, pull, list, run, draw.
    #[command(subcommand)]
    Notebook(notebook::NotebookVerb),
    /// Show whether pages, uploads, scoring and email work now.
    Status,
    /// Incidents on the status page: list; for administrators: open, update, resolve.
    #[command(subcommand)]
    Incidents(incidents::IncidentsVerb),
    /// Show the privacy policy, imprint and terms: show, accept; for administrators: write.
    #[command(subcommand)]
    Texts(texts::TextsVerb),
    /// Host a competition from one labelled table.
    Launch(launch::LaunchArgs),
    /// Manage competitions you host.
    #[command(subcommand)]
    Host(host::HostVerb),
}

/// Runs one command; tells what went wrong, and gives the exit code.
pub fn run(connection: &Connection, verb: &ClientVerb) -> i32 {
    let client = Client::new(settings::resolve(connection));
    let session = Session { client, screen: connection.screen() };
    match dispatch(connection, &session, verb) {
        Ok(()) => 0,
        Err(error) => {
            session.screen.fail(&error);
            error.exit_code()
        }
    }
}

fn dispatch(connection: &Connection, session: &Session, verb: &ClientVerb) -> Outcome {
    match verb {
        ClientVerb::Login(args) => account::login(connection, session, args),
        ClientVerb::Logout => account::logout(connection, session),
        ClientVerb::Whoami => account::whoami(session),
        ClientVerb::Tokens(verb) => account::tokens(session, verb),
        ClientVerb::Account(verb) => personal::run(session, verb),
        ClientVerb::Quota(args) => quota::show(session, args),
        ClientVerb::Competitions(args) => competitions::list(session, args),
        ClientVerb::Competition(of) => competitions::show(session, &of.slug),
        ClientVerb::Changes(args) => competitions::changes(session, args),
        ClientVerb::Join(args) => competitions::join(session, args),
        ClientVerb::Download(args) => download::download(session, args),
        ClientVerb::Check(args) => check::check(session, args),
        ClientVerb::Submit(args) => submit::submit(session, args),
        ClientVerb::Submissions(args) => submissions::list(session, args),
        ClientVerb::Submission(args) => submissions::show(session, args),
        ClientVerb::Select(args) => submissions::select(session, args),
        ClientVerb::Team(verb) => team::run(session, verb),
        ClientVerb::Leaderboard(args) => leaderboard::leaderboard(session, args),
        ClientVerb::Certificate(of) => certificate::certificate(session, &of.slug),
        ClientVerb::Verify(of) => verify::verify(session, &of.slug),
        ClientVerb::Commitments(of) => proofs::commitments(session, of),
        ClientVerb::VerifyCommitment(args) => proofs::verify_commitment(session, args),
        ClientVerb::VerifyLog(args) => proofs::verify_log(session, args),
        ClientVerb::Recompute(args) => recompute::recompute(session, args),
        ClientVerb::KaggleEnv { key } => kaggle_env::kaggle_env(connection, session, *key),
        ClientVerb::Notebook(verb) => notebook::run(session, verb),
        ClientVerb::Status => incidents::status(session),
        ClientVerb::Incidents(verb) => incidents::run(session, verb),
        ClientVerb::Texts(verb) => texts::run(session, verb),
        ClientVerb::Launch(args) => launch::launch(session, args),
        ClientVerb::Host(verb) => host::run(session, verb),
    }
}
