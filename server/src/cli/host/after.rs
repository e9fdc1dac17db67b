//! Whom hosts work with, and what follows when it is over.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::{CliError, Outcome};
use crate::cli::local::unreadable;
use crate::cli::table::{Table, cell, items, local, text};
use crate::web::problems::encode;

#[derive(Debug, Args)]
pub struct WinnersArgs {
    #[command(flatten)]
    of: Competition,
    /// Confirm the winners, with the closing words in this file.
    #[arg(long, value_name = "FILE")]
    confirm: Option<PathBuf>,
}

pub fn winners(session: &Session, args: &WinnersArgs) -> Outcome {
    let path = args.of.api("/winners");
    let closing = match &args.confirm {
        None => session.client.get(&path)?,
        Some(file) => {
            let words = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
            session.client.put(&path, &json!({ "words": words }))?
        }
    };
    session.screen.answer(&closing, |paint| {
        let mut table = Table::new(&["rank", "team", "medal", "score or mean rank"]);
        for winner in closing["winners"].as_array().into_iter().flatten() {
            let decided = if winner["mean_rank"].is_null() { &winner["score"] } else { &winner["mean_rank"] };
            table.row([cell(&winner["rank"]), text(winner, "team"), text(winner, "medal"), cell(decided)]);
        }
        table.draw(paint, "No teams on the final board.")
    });
    Ok(())
}

#[derive(Debug, Args)]
pub struct ReleaseArgs {
    #[command(flatten)]
    of: Competition,
    /// Why; all participants can read it.
    #[arg(long)]
    reason: String,
}

const PAUSE: Duration = Duration::from_millis(500);

pub fn release_labels(session: &Session, args: &ReleaseArgs) -> Outcome {
    let path = args.of.api("/labels");
    let mut release = session.client.post(&path, &json!({ "reason": args.reason }))?;
    while release["released_at"].is_null() && release["failure"].is_null() {
        sleep(PAUSE);
        release = session.client.get(&path)?;
    }
    if let Some(failure) = release["failure"].as_str() {
        return Err(CliError::Refused(format!("The labels could not be published: {failure}.")));
    }
    session.screen.answer(&release, |paint| {
        let sentence = format!("The labels of version {} are now public, permanently.", release["version"]);
        format!("{}\nSalt: {}", paint.good(&sentence), text(&release, "salt"))
    });
    Ok(())
}

#[derive(Debug, Args)]
pub struct CopyArgs {
    #[command(flatten)]
    of: Competition,
    #[arg(long)]
    title: String,
    /// Name in the address; made from the title if left out.
    #[arg(long)]
    slug: Option<String>,
}

pub fn copy(session: &Session, args: &CopyArgs) -> Outcome {
    let wish = json!({ "title": args.title, "slug": args.slug });
    let draft = session.client.post(&args.of.api("/copy"), &wish)?;
    session
        .screen
        .answer(&draft, |_| format!("Draft {}/c/{}", session.client.server(), text(&draft, "slug")));
    Ok(())
}

#[derive(Debug, Subcommand)]
pub enum HostsVerb {
    /// List the hosts.
    List(Competition),
    /// Add a member as a host.
    Add(OneArgs),
    /// Remove a host. Former hosts cannot take part.
    Remove(OneArgs),
}

#[derive(Debug, Args)]
pub struct OneArgs {
    #[command(flatten)]
    of: Competition,
    username: String,
}

pub fn hosts(session: &Session, verb: &HostsVerb) -> Outcome {
    match verb {
        HostsVerb::List(of) => list(session, &session.client.get(&of.api("/hosts"))?),
        HostsVerb::Add(OneArgs { of, username }) => {
            list(session, &session.client.post(&of.api("/hosts"), &json!({ "username": username }))?)
        }
        HostsVerb::Remove(OneArgs { of, username }) => {
            session.client.delete(&of.api(&format!("/hosts/{}", encode(username))))?;
            let done = json!({ "removed": username });
            session.screen.answer(&done, |_| format!("{username} is no longer a host."));
            Ok(())
        }
    }
}

fn list(session: &Session, hosts: &Value) -> Outcome {
    session.screen.answer(hosts, |paint| {
        let mut table = Table::new(&["host", "name", "since"]);
        for host in items(hosts) {
            table.row([text(host, "username"), text(host, "display_name"), local(&host["added_at"])]);
        }
        table.draw(paint, "Nobody hosts.")
    });
    Ok(())
}
