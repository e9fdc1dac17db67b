//! Whether the site works, and what administrators tell everybody when it does not.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Session;
use super::fault::Outcome;
use super::local::unreadable;
use super::table::{Table, cell, items, local, text};

/// Parts of the site.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Part {
    Pages,
    Uploads,
    Scoring,
    Mail,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Pages => "pages",
            Self::Uploads => "uploads",
            Self::Scoring => "scoring",
            Self::Mail => "mail",
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum IncidentsVerb {
    /// List incidents, newest first.
    List(ListArgs),
    /// Open an incident, visible to everyone.
    Open(OpenArgs),
    /// Post an update to an incident.
    Update(UpdateArgs),
    /// Close an incident; affected hosts are asked whether to extend their competitions by as much.
    Resolve(ResolveArgs),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Continue after this number.
    #[arg(long)]
    before: Option<i64>,
}

#[derive(Debug, Args)]
pub struct OpenArgs {
    #[arg(long)]
    title: String,
    /// What it affects; can be given several times.
    #[arg(long, value_enum, required = true)]
    affects: Vec<Part>,
    /// Since when, such as 2026-11-30T18:00:00Z; now if left out.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// A file of Markdown.
    #[arg(value_name = "FILE")]
    words: PathBuf,
}

#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Its number in the list.
    number: i64,
    /// A file of Markdown.
    #[arg(value_name = "FILE")]
    words: PathBuf,
}

#[derive(Debug, Args)]
pub struct ResolveArgs {
    #[command(flatten)]
    of: UpdateArgs,
    /// When it ended, such as 2026-11-30T18:00:00Z; now if left out.
    #[arg(long, value_name = "TIME")]
    ended: Option<String>,
}

pub fn status(session: &Session) -> Outcome {
    let status = session.client.get("/api/v1/status")?;
    session.screen.answer(&status, |paint| {
        let mut table = Table::new(&["part", "state", ""]);
        for one in status["parts"].as_array().into_iter().flatten() {
            table.row([text(one, "part"), text(one, "state"), text(one, "sentence")]);
        }
        let open = status["incidents"].as_array().into_iter().flatten();
        let lines: Vec<String> =
            open.map(|one| format!("Since {}: {}", local(&one["began_at"]), text(one, "title"))).collect();
        [table.draw(paint, ""), lines.join("\n")].join("\n").trim_end().to_owned()
    });
    Ok(())
}

pub fn run(session: &Session, verb: &IncidentsVerb) -> Outcome {
    match verb {
        IncidentsVerb::List(args) => list(session, args),
        IncidentsVerb::Open(args) => {
            let affects: Vec<&str> = args.affects.iter().map(|part| part.name()).collect();
            let wish = json!({
                "title": args.title,
                "affects": affects,
                "text": read(&args.words)?,
                "began_at": args.since,
            });
            let opened = session.client.post("/api/v1/admin/incidents", &wish)?;
            answer(session, &opened, "It is now public.");
            Ok(())
        }
        IncidentsVerb::Update(UpdateArgs { number, words }) => {
            let path = format!("/api/v1/admin/incidents/{number}/updates");
            let told = session.client.post(&path, &json!({ "text": read(words)? }))?;
            answer(session, &told, "Told.");
            Ok(())
        }
        IncidentsVerb::Resolve(ResolveArgs { of: UpdateArgs { number, words }, ended }) => {
            let path = format!("/api/v1/admin/incidents/{number}/resolve");
            let wish = json!({ "text": read(words)?, "ended_at": ended });
            let over = session.client.post(&path, &wish)?;
            answer(
                session,
                &over,
                "The incident is closed, and the affected hosts are asked about their deadlines.",
            );
            Ok(())
        }
    }
}

fn read(file: &Path) -> Outcome<String> {
    std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))
}

fn answer(session: &Session, incident: &Value, sentence: &str) {
    session.screen.answer(incident, |_| format!("{}: {sentence}", cell(&incident["id"])));
}

fn list(session: &Session, args: &ListArgs) -> Outcome {
    let before = args.before.map_or_else(String::new, |before| format!("?before={before}"));
    let found = session.client.get(&format!("/api/v1/incidents{before}"))?;
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&["number", "began", "ended", "what"]);
        for one in items(&found) {
            let began = local(&one["began_at"]);
            table.row([cell(&one["id"]), began, local(&one["ended_at"]), text(one, "title")]);
        }
        table.draw(paint, "No incidents on record.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}
