//! Submissions without a score by a fault that is not their senders'.

use clap::Args;
use serde_json::json;

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::table::{Table, cell, items, local, text};

#[derive(Debug, Args)]
pub struct FailuresArgs {
    #[command(flatten)]
    of: Competition,
    /// Those on which this version's own metric broke.
    #[arg(long)]
    version: Option<i64>,
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Continue after this submission.
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    /// Have them scored again.
    #[arg(long)]
    retry: bool,
}

pub fn failures(session: &Session, args: &FailuresArgs) -> Outcome {
    if args.retry {
        let retried = session.client.post(&args.of.api("/failures/retry"), &json!({}))?;
        session.screen.answer(&retried, |_| {
            format!("{} submissions are waiting to be scored again.", retried["n_retried"])
        });
        return Ok(());
    }
    let version = args.version.map_or_else(String::new, |number| format!("&version={number}"));
    let before = args.before.map_or_else(String::new, |id| format!("&before={id}"));
    let found =
        session.client.get(&args.of.api(&format!("/failures?limit={}{version}{before}", args.limit)))?;
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&["submission", "team", "received", "file", "what happened"]);
        for failure in items(&found) {
            table.row([
                cell(&failure["submission_id"]),
                text(failure, "team"),
                local(&failure["received_at"]),
                text(failure, "file_name"),
                text(failure, "sentence"),
            ]);
        }
        table.draw(paint, "Every submission has a score, or a reason why it has none.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}
