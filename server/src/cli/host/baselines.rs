//! Files of hosts, to compare with.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;
use uuid::Uuid;

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::{CliError, Outcome};
use crate::cli::submit::Predictions;
use crate::cli::table::{Table, cell, items, local, text};
use crate::web::problems::encode;

const PAUSE: Duration = Duration::from_millis(400);

#[derive(Debug, Subcommand)]
pub enum BaselinesVerb {
    /// List the baselines, each with its newest file.
    List(Competition),
    /// Send a file, for a new baseline or an existing one.
    Send(SendArgs),
}

#[derive(Debug, Args)]
pub struct SendArgs {
    #[command(flatten)]
    of: Competition,
    /// CSV (also gzip, or zip of one) or Parquet.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its name, as shown on boards.
    #[arg(long)]
    name: String,
    /// A note to yourself.
    #[arg(short, long, default_value = "")]
    message: String,
    /// Wait until it is scored. Exit code 2 if it is rejected.
    #[arg(long)]
    wait: bool,
    /// Names this submission: sent again under the same key, the same file is the same submission.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub fn run(session: &Session, verb: &BaselinesVerb) -> Outcome {
    match verb {
        BaselinesVerb::List(of) => list(session, of),
        BaselinesVerb::Send(args) => send(session, args),
    }
}

fn list(session: &Session, of: &Competition) -> Outcome {
    let found = session.client.get(&of.api("/baselines"))?;
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&["baseline", "files", "newest", "received", "outcome"]);
        for one in items(&found) {
            let newest = &one["newest"];
            table.row([
                text(one, "team"),
                cell(&one["n_files"]),
                text(newest, "file_name"),
                local(&newest["received_at"]),
                outcome(newest),
            ]);
        }
        table.draw(paint, "There are no baselines yet.")
    });
    Ok(())
}

fn outcome(newest: &Value) -> String {
    match newest["state"].as_str() {
        Some("scored") if newest["public_undefined"].is_string() => text(newest, "public_undefined"),
        Some("scored") => cell(&newest["public_score"]),
        Some("rejected") => text(&newest["rejection"], "message"),
        Some("failed") => text(newest, "failure"),
        Some(waiting) => waiting.to_owned(),
        None => String::new(),
    }
}

fn send(session: &Session, args: &SendArgs) -> Outcome {
    let address = args.of.api("/baselines");
    let path = format!("{address}?name={}&description={}", encode(&args.name), encode(&args.message));
    let key = args.key.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    let predictions = Predictions {
        path: &path,
        file: &args.file,
        key: &key,
        competition: &args.of.slug,
        purpose: "submission",
    };
    let mut sent = predictions.send(session)?;
    if args.wait {
        sent = wait_for_score(session, &address, sent)?;
    }
    let newest = &sent["newest"];
    session.screen.answer(&sent, |_| format!("{}: {}", text(&sent, "team"), outcome(newest)));
    match newest["state"].as_str() {
        Some("rejected") => Err(CliError::Rejected("The file was rejected.".to_owned())),
        Some("failed") => Err(CliError::Refused(text(newest, "failure"))),
        _ => Ok(()),
    }
}

fn wait_for_score(session: &Session, address: &str, mut sent: Value) -> Outcome<Value> {
    let line = session.screen.waiting("it waits for a scorer");
    while matches!(sent["newest"]["state"].as_str(), Some("queued" | "scoring")) {
        sleep(PAUSE);
        let all = session.client.get(address)?;
        let own = items(&all).iter().find(|one| one["team_id"] == sent["team_id"]);
        sent = own.cloned().ok_or_else(|| CliError::Refused("The baseline has been deleted.".to_owned()))?;
    }
    line.finish_and_clear();
    Ok(sent)
}
