//! What hosts tell everybody who takes part.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Competition;
use super::dashboard::ListArgs;
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::local::unreadable;
use crate::cli::table::{Table, cell, items, local, text};

#[derive(Debug, Subcommand)]
pub enum AnnouncementsVerb {
    /// List announcements, newest first.
    List(ListArgs),
    /// Announce something to all participants. It cannot be unsent.
    Send(SendArgs),
    /// Replace the title and text; it is marked as corrected, and people are not notified again.
    Correct(CorrectArgs),
    /// Mark one as withdrawn, with a reason that everyone can read.
    Withdraw(WithdrawArgs),
}

#[derive(Debug, Args)]
pub struct SendArgs {
    #[command(flatten)]
    of: Competition,
    #[command(flatten)]
    wish: WishArgs,
}

#[derive(Debug, Args)]
pub struct WishArgs {
    #[arg(long)]
    title: String,
    /// A file of Markdown.
    #[arg(value_name = "FILE")]
    text: PathBuf,
}

#[derive(Debug, Args)]
pub struct CorrectArgs {
    #[command(flatten)]
    of: Competition,
    /// Its number in the list.
    number: i64,
    #[command(flatten)]
    wish: WishArgs,
}

#[derive(Debug, Args)]
pub struct WithdrawArgs {
    #[command(flatten)]
    of: Competition,
    /// Its number in the list.
    number: i64,
    #[arg(long)]
    reason: String,
}

pub fn run(session: &Session, verb: &AnnouncementsVerb) -> Outcome {
    match verb {
        AnnouncementsVerb::List(args) => list(session, args),
        AnnouncementsVerb::Send(SendArgs { of, wish }) => {
            let posted = session.client.post(&of.api("/announcements"), &document(wish)?)?;
            answer(session, &posted, "It is on the site, and participants are being notified.");
            Ok(())
        }
        AnnouncementsVerb::Correct(CorrectArgs { of, number, wish }) => {
            let corrected =
                session.client.put(&of.api(&format!("/announcements/{number}")), &document(wish)?)?;
            answer(session, &corrected, "Corrected.");
            Ok(())
        }
        AnnouncementsVerb::Withdraw(WithdrawArgs { of, number, reason }) => {
            let path = of.api(&format!("/announcements/{number}/withdraw"));
            let withdrawn = session.client.post(&path, &json!({ "reason": reason }))?;
            answer(session, &withdrawn, "Withdrawn.");
            Ok(())
        }
    }
}

fn document(WishArgs { title, text }: &WishArgs) -> Outcome<Value> {
    Ok(json!({ "title": title, "text": read(text)? }))
}

fn read(file: &Path) -> Outcome<String> {
    std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))
}

fn answer(session: &Session, announcement: &Value, sentence: &str) {
    session.screen.answer(announcement, |_| format!("{}: {sentence}", cell(&announcement["id"])));
}

fn list(session: &Session, args: &ListArgs) -> Outcome {
    let found = session.client.get(&args.address("announcements"))?;
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&["number", "announced", "title", "state"]);
        for one in items(&found) {
            let state = match (one["withdrawn_at"].is_null(), one["corrected_at"].is_null()) {
                (false, _) => "withdrawn",
                (true, false) => "corrected",
                (true, true) => "",
            };
            table.row([cell(&one["id"]), local(&one["posted_at"]), text(one, "title"), state.to_owned()]);
        }
        table.draw(paint, "No announcements yet.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}
