//! Submissions that look made to find out about the hidden rows.

use clap::Args;
use serde_json::Value;

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::table::{Table, cell, local, text};

#[derive(Debug, Args)]
pub struct ProbingArgs {
    #[command(flatten)]
    of: Competition,
    /// Only older than this submission.
    #[arg(long, value_name = "SUBMISSION")]
    before: Option<i64>,
}

pub fn probing(session: &Session, args: &ProbingArgs) -> Outcome {
    let before = args.before.map_or_else(String::new, |before| format!("?before={before}"));
    let found = session.client.get(&args.of.api(&format!("/probing{before}")))?;
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&["team", "submission", "sent", "evidence"]);
        for suspect in found["items"].as_array().into_iter().flatten() {
            table.row([
                text(suspect, "team"),
                cell(&suspect["submission_id"]),
                local(&suspect["received_at"]),
                sentences(&suspect["signs"]),
            ]);
        }
        table.draw(paint, "No file shows signs of probing.")
    });
    Ok(())
}

fn sentences(signs: &Value) -> String {
    let signs = signs.as_array().into_iter().flatten();
    signs.map(|sign| text(sign, "sentence")).collect::<Vec<_>>().join(" ")
}
