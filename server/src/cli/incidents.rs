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
    /// What did not work, newest first.
    List(ListArgs),
    /// Tell everybody of something that does not work.
    Open(OpenArgs),
    /// Tell more of one.
    Update(UpdateArgs),
    /// End one; hosts whom it concerns are asked whether theirs should end later by as much.
    Resolve(ResolveArgs),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Go on behind this number.
    #[arg(long)]
    before: Option<i64>,
}

#[derive(Debug, Args)]
pub struct OpenArgs {
    #[arg(long)]
    title: String,
    /// What it concerns; may be given several times.
    #[arg(long, value_enum, required = true)]
    affects: Vec<Part>,
    /// Since when, such as 2026-11-30T18:00:00Z; now when left out.
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
    /// When it ended, such as 2026-11-30T18:00:00Z; now when left out.
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
            answer(session, &opened, "Everybody can read it now.");
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
            answer(session, &over, "It is over, and hosts whom it concerns are asked.");
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
        table.draw(paint, "No incident is on record.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}
