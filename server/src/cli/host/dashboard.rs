//! A running competition: days, participants, refused files.

use clap::Args;

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::table::{Table, cell, items, local, text};
use crate::web::problems::encode;

/// Days in the table; all are in the JSON.
const DAYS_SHOWN: usize = 14;

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    of: Competition,
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Continue after this one.
    #[arg(long, value_name = "KEY")]
    before: Option<i64>,
}

impl ListArgs {
    pub fn address(&self, list: &str) -> String {
        let before = self.before.map_or_else(String::new, |key| format!("&before={key}"));
        self.of.api(&format!("/{list}?limit={}{before}", self.limit))
    }
}

pub fn dashboard(session: &Session, of: &Competition) -> Outcome {
    let seen = session.client.get(&of.api("/dashboard"))?;
    session.screen.answer(&seen, |paint| {
        let mut days = Table::new(&["day", "entries", "teams", "refused", "failed", "joined", "median wait"]);
        let all = seen["days"].as_array().map_or(&[][..], Vec::as_slice);
        for day in all.iter().rev().take(DAYS_SHOWN) {
            let wait = day["median_wait_seconds"].as_f64();
            days.row([
                text(day, "day"),
                cell(&day["n_received"]),
                cell(&day["n_teams"]),
                cell(&day["n_rejected"]),
                cell(&day["n_failed"]),
                cell(&day["n_joined"]),
                wait.map_or_else(String::new, |seconds| format!("{seconds:.1} s")),
            ]);
        }
        let totals = format!(
            "{} entries by {} participants; {} wait.",
            seen["n_received"], seen["n_participants"], seen["n_waiting"]
        );
        format!("{totals}\n\n{}", days.draw(paint, "No submissions yet."))
    });
    Ok(())
}

pub fn participants(session: &Session, args: &ListArgs) -> Outcome {
    let found = session.client.get(&args.address("participants"))?;
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&[
            "user",
            "invited as",
            "team",
            "entries",
            "best public",
            "final rank",
            "private",
            "joined",
        ]);
        for person in items(&found) {
            table.row([
                text(person, "username"),
                text(person, "invited_as"),
                text(person, "team"),
                cell(&person["n_entries"]),
                cell(&person["public_score"]),
                cell(&person["final_rank"]),
                cell(&person["private_score"]),
                local(&person["joined_at"]),
            ]);
        }
        table.draw(paint, "No participants yet.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}

#[derive(Debug, Args)]
pub struct SentArgs {
    #[command(flatten)]
    list: ListArgs,
    /// waiting, scored, rejected or failed.
    #[arg(long)]
    state: Option<String>,
    /// Only of this team.
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
}

pub fn submissions(session: &Session, args: &SentArgs) -> Outcome {
    let mut address = args.list.address("all-submissions");
    for (name, value) in [("state", &args.state), ("team", &args.team)] {
        if let Some(value) = value {
            address.push_str(&format!("&{name}={}", encode(value)));
        }
    }
    let found = session.client.get(&address)?;
    session.screen.answer(&found, |paint| {
        let mut table =
            Table::new(&["submission", "team", "sender", "received", "state", "public", "private"]);
        for submission in items(&found) {
            table.row([
                cell(&submission["id"]),
                text(submission, "team"),
                text(submission, "sender"),
                local(&submission["received_at"]),
                text(submission, "state"),
                cell(&submission["public_score"]),
                cell(&submission["private_score"]),
            ]);
        }
        table.draw(paint, "No submissions match.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}

pub fn rejections(session: &Session, args: &ListArgs) -> Outcome {
    let found = session.client.get(&args.address("rejections"))?;
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&["submission", "team", "received", "line", "why"]);
        for file in items(&found) {
            table.row([
                cell(&file["submission_id"]),
                text(file, "team"),
                local(&file["received_at"]),
                cell(&file["line"]),
                text(file, "sentence"),
            ]);
        }
        table.draw(paint, "Every file received could be read.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}
