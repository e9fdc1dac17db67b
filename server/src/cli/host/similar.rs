//! Pairs of teams whose predictions are nearly the same.

use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::{CliError, Outcome};
use crate::cli::table::{Table, local, text};

const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub struct SimilarArgs {
    #[command(flatten)]
    of: Competition,
    /// Show the last result, without comparing again.
    #[arg(long)]
    last: bool,
}

pub fn similar(session: &Session, args: &SimilarArgs) -> Outcome {
    let found = if args.last { last(session, &args.of)? } else { compared(session, &args.of)? };
    if found["state"] == "failed" {
        return Err(CliError::Refused(text(&found, "failure")));
    }
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&["first", "sent", "later", "sent", "evidence"]);
        for pair in found["pairs"].as_array().into_iter().flatten() {
            let (first, second) = (&pair["first"], &pair["second"]);
            table.row([
                side(first),
                local(&first["received_at"]),
                side(second),
                local(&second["received_at"]),
                text(pair, "sentence"),
            ]);
        }
        table.draw(paint, "No two teams are more alike than expected.")
    });
    Ok(())
}

fn side(side: &Value) -> String {
    format!("{} ({})", text(side, "team"), side["submission_id"])
}

fn last(session: &Session, of: &Competition) -> Outcome<Value> {
    let newest = session.client.get(&of.api("/comparisons?limit=1"))?;
    show(session, of, &newest["items"][0]["id"])
}

fn show(session: &Session, of: &Competition, id: &Value) -> Outcome<Value> {
    session.client.get(&of.api(&format!("/comparisons/{id}")))
}

fn compared(session: &Session, of: &Competition) -> Outcome<Value> {
    let begun = session.client.post(&of.api("/comparisons"), &json!({}))?;
    let line = session.screen.waiting("the scorers compare all teams' predictions");
    loop {
        let found = show(session, of, &begun["id"])?;
        if !matches!(found["state"].as_str(), Some("waiting" | "under_way")) {
            line.finish_and_clear();
            return Ok(found);
        }
        sleep(PAUSE);
    }
}
