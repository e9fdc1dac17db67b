//! Whether the end moves out by the length of an outage.

use clap::Args;
use serde_json::json;

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::table::{Table, cell, items, local, text};

#[derive(Debug, Args)]
pub struct ExtensionsArgs {
    #[command(flatten)]
    of: Competition,
    /// Extend the end by the length of the incident with this number.
    #[arg(long, value_name = "INCIDENT", conflicts_with = "decline")]
    accept: Option<i64>,
    /// Do not extend the end for the incident with this number.
    #[arg(long, value_name = "INCIDENT")]
    decline: Option<i64>,
}

pub fn extensions(session: &Session, args: &ExtensionsArgs) -> Outcome {
    if let Some(incident) = args.accept.or(args.decline) {
        let is_accepted = args.accept.is_some();
        let path = args.of.api(&format!("/extensions/{incident}"));
        let answered = session.client.put(&path, &json!({ "is_accepted": is_accepted }))?;
        let moved = "The end was extended, and participants are being notified.";
        let sentence = if is_accepted { moved } else { "The end was not changed." };
        session.screen.answer(&answered, |_| sentence.to_owned());
        return Ok(());
    }
    let found = session.client.get(&args.of.api("/extensions"))?;
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&["incident", "began", "seconds", "what", "answer"]);
        for one in items(&found) {
            let answer = match one["is_accepted"].as_bool() {
                None => "none yet",
                Some(true) => "the end moved",
                Some(false) => "the end stayed",
            };
            let [incident, seconds] = [cell(&one["incident"]), cell(&one["length_seconds"])];
            table.row([incident, local(&one["began_at"]), seconds, text(one, "title"), answer.to_owned()]);
        }
        table.draw(paint, "There are no outages to decide on.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}
