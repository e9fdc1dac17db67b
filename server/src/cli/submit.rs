//! Predictions are sent, and their score is waited for.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use holdout_intake::check::Verdict;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Session;
use super::check::check_here;
use super::client::Upload;
use super::fault::{CliError, Outcome};
use super::local::{name_of, size_bytes, unreadable};
use super::rejection::describe;
use super::screen::Paint;
use super::table::{allowance, cell, text};
use super::tus;
use crate::paths;
use crate::web::format;
use crate::web::problems::encode;

const PAUSE: Duration = Duration::from_millis(400);

#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// CSV (also gzip, or zip of one) or Parquet.
    file: PathBuf,
    /// Name in the competition's address.
    #[arg(short, long)]
    competition: String,
    /// A note to yourself.
    #[arg(short, long, default_value = "")]
    message: String,
    /// Wait until it is scored.
    #[arg(long)]
    wait: bool,
    /// Send it without checking it here first.
    #[arg(long)]
    no_check: bool,
    /// Names this submission: sent again under the same key, the same file is the same submission.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub fn submit(session: &Session, args: &SubmitArgs) -> Outcome {
    if !args.no_check
        && let Verdict::Rejected(rejection) = check_here(session, &args.competition, &args.file)?
    {
        let rejection = json!(rejection);
        session.screen.answer(&json!({ "state": "not_sent", "rejection": rejection }), |paint| {
            describe(paint, &rejection)
        });
        return Err(CliError::Rejected("Nothing was sent: the file would be rejected.".to_owned()));
    }
    let base = format!("/api/v1/competitions/{}/submissions", encode(&args.competition));
    let key = args.key.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    let path = format!("{base}?description={}", encode(&args.message));
    let predictions = Predictions {
        path: &path,
        file: &args.file,
        key: &key,
        competition: &args.competition,
        purpose: "submission",
    };
    let mut submission = predictions.send(session)?;
    session.screen.note(&format!(
        "Received as submission {} (SHA-256 {}).",
        submission["id"],
        text(&submission, "sha256")
    ));
    if args.wait {
        submission = wait_for_score(session, &base, submission)?;
    }
    conclude(session, &submission)?;
    if submission["state"] == "scored" {
        tell_rank(session, &args.competition);
    }
    Ok(())
}

/// Where the team stands now. A board that cannot be had takes nothing from the score.
fn tell_rank(session: &Session, competition: &str) {
    let path = format!("/api/v1/competitions/{}/leaderboard?limit=1", encode(competition));
    let Ok(board) = session.client.get(&path) else { return };
    if let Some(rank) = board["own"]["rank"].as_u64() {
        let address = format!("{}{}", session.client.server(), paths::board(competition));
        session.screen.note(&format!("Your team is at rank {rank} of {}: {address}", board["n_teams"]));
    }
}

/// A file of predictions, and where it goes.
pub struct Predictions<'a> {
    /// Address that takes the file, or the name of its upload.
    pub path: &'a str,
    pub file: &'a Path,
    /// Makes what is sent twice one and the same.
    pub key: &'a str,
    pub competition: &'a str,
    /// `submission` or `check`, as uploads in parts call it.
    pub purpose: &'static str,
}

impl Predictions<'_> {
    /// Sends the file, a large one in parts, with a bar.
    ///
    /// # Errors
    /// Those of the file and of the server.
    pub fn send(&self, session: &Session) -> Outcome<Value> {
        match tus::large(session, self.file, self.competition, self.purpose)? {
            None => self.send_whole(session),
            Some(uploaded) => uploaded.spend(|document| session.client.post(self.path, document)),
        }
    }

    /// A broken line is made up for under the same key.
    fn send_whole(&self, session: &Session) -> Outcome<Value> {
        let name = name_of(self.file);
        let size_bytes = size_bytes(self.file)?;
        let bar = session.screen.transfer(&name, size_bytes);
        let upload = Upload {
            method: "POST",
            path: self.path,
            file_name: &name,
            idempotency_key: Some(self.key),
            size_bytes: Some(size_bytes),
        };
        let sent = session.client.upload(&upload, || {
            bar.set_position(0);
            let opened = File::open(self.file).map_err(|error| unreadable(self.file, &error))?;
            Ok(bar.wrap_read(opened))
        });
        bar.finish_and_clear();
        sent
    }
}

fn is_waiting(submission: &Value) -> bool {
    matches!(submission["state"].as_str(), Some("queued" | "scoring"))
}

fn wait_for_score(session: &Session, base: &str, mut submission: Value) -> Outcome<Value> {
    let address = format!("{base}/{}", submission["id"]);
    let line = session.screen.waiting("it waits for a scorer");
    while is_waiting(&submission) {
        line.set_message(place(&submission));
        sleep(PAUSE);
        submission = session.client.get(&address)?;
    }
    line.finish_and_clear();
    Ok(submission)
}

/// Where a waiting submission stands: `2 files are scored first, about 12 seconds`.
fn place(submission: &Value) -> String {
    if submission["state"] == "scoring" {
        return "it is being scored".to_owned();
    }
    let ahead = match submission["queue_position"].as_u64() {
        None => return "it waits for a scorer".to_owned(),
        Some(0) => "it is next".to_owned(),
        Some(1) => "1 file is scored first".to_owned(),
        Some(n) => format!("{n} files are scored first"),
    };
    match submission["wait_seconds"].as_f64() {
        Some(seconds) => format!("{ahead}, about {}", format::wait(seconds)),
        None => ahead,
    }
}

fn conclude(session: &Session, submission: &Value) -> Outcome {
    session.screen.answer(submission, |paint| outcome(paint, submission));
    match submission["state"].as_str() {
        Some("rejected") => {
            Err(CliError::Rejected("The file was rejected; it did not count against your limit.".to_owned()))
        }
        Some("failed") => Err(CliError::Refused(match submission["failure"].as_str() {
            Some(sentence) => sentence.to_owned(),
            None => "Scoring failed because of an error on our side; the entry did not count.".to_owned(),
        })),
        _ => Ok(()),
    }
}

fn outcome(paint: Paint, submission: &Value) -> String {
    let mut lines = vec![match submission["state"].as_str() {
        Some("scored") => score(paint, submission),
        Some("rejected") => describe(paint, &submission["rejection"]),
        Some("failed") => "It has no score.".to_owned(),
        _ => format!("Submission {}: {}.", submission["id"], place(submission)),
    }];
    if submission["held"].is_string() {
        lines.push(text(submission, "held"));
    }
    if submission["lateness"].is_string() {
        lines.push(text(submission, "lateness"));
    }
    if submission["allowance"].is_object() {
        lines.push(paint.faint(&allowance(&submission["allowance"])));
    }
    lines.join("\n")
}

fn score(paint: Paint, submission: &Value) -> String {
    match submission["public_undefined"].as_str() {
        Some(reason) => format!("It has no public score: {reason}"),
        None => format!("Public score: {}", paint.bold(&cell(&submission["public_score"]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_person_reads_their_place() {
        let at =
            |position: u64| json!({ "state": "queued", "queue_position": position, "wait_seconds": 12.1 });
        assert_eq!(place(&at(2)), "2 files are scored first, about 13 seconds");
        assert_eq!(place(&at(0)), "it is next, about 13 seconds");
        assert_eq!(place(&json!({ "state": "scoring" })), "it is being scored");
    }

    #[test]
    fn a_score_is_told_with_what_is_left() {
        let submission = json!({
            "state": "scored", "public_score": 0.25,
            "allowance": { "left": 4, "daily_limit": 5, "resets_at": "2026-11-30T00:00:00Z" }
        });
        let told = outcome(Paint::PLAIN, &submission);
        assert!(told.starts_with("Public score: 0.25\n4 of 5 left, next at 00:00 UTC"), "{told}");
    }
}
