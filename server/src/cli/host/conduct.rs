//! What hosts disqualify and reinstate, each with a reason that its team is told.

use clap::{ArgGroup, Args};
use serde_json::json;

use super::Competition;
use super::dashboard::ListArgs;
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::table::{Table, cell, items, local, text};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("target").required(true).args(["team", "submission"])))]
pub struct DisqualifyArgs {
    #[command(flatten)]
    of: Competition,
    /// The whole team with this name, with everything it sent and will send.
    #[arg(long)]
    team: Option<String>,
    /// This submission alone.
    #[arg(long, value_name = "NUMBER")]
    submission: Option<i64>,
    /// Why; the team is told.
    #[arg(long)]
    reason: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub fn disqualify(session: &Session, args: &DisqualifyArgs) -> Outcome {
    let whom = match (&args.team, args.submission) {
        (Some(name), _) => format!("The team “{name}”"),
        (None, Some(number)) => format!("Submission {number}"),
        (None, None) => String::new(),
    };
    let question = format!("{whom} leaves every board, and the team is told why. Disqualify?");
    if !session.screen.confirm(&question, args.yes)? {
        session.screen.answer(&json!({ "disqualified": false }), |_| "Nobody was disqualified.".to_owned());
        return Ok(());
    }
    let wish = json!({ "team": args.team, "submission_id": args.submission, "reason": args.reason });
    let made = session.client.post(&args.of.api("/disqualifications"), &wish)?;
    session.screen.answer(&made, |_| {
        format!(
            "{whom} is disqualified. To take it back: holdout host reinstate {} {}",
            args.of.slug, made["id"]
        )
    });
    Ok(())
}

#[derive(Debug, Args)]
pub struct ReinstateArgs {
    #[command(flatten)]
    of: Competition,
    /// Number of the decision, as `holdout host disqualifications` lists it.
    id: i64,
    /// Why; the team is told.
    #[arg(long)]
    reason: String,
}

pub fn reinstate(session: &Session, args: &ReinstateArgs) -> Outcome {
    let path = args.of.api(&format!("/disqualifications/{}/lift", args.id));
    let lifted = session.client.post(&path, &json!({ "reason": args.reason }))?;
    session.screen.answer(&lifted, |_| format!("{} is back where it belongs.", text(&lifted, "team")));
    Ok(())
}

pub fn disqualifications(session: &Session, args: &ListArgs) -> Outcome {
    let found = session.client.get(&args.address("disqualifications"))?;
    session.screen.answer(&found, |paint| {
        let mut table =
            Table::new(&["number", "team", "submission", "reason", "decided", "lifted", "because"]);
        for decision in items(&found) {
            table.row([
                cell(&decision["id"]),
                text(decision, "team"),
                cell(&decision["submission_id"]),
                text(decision, "reason"),
                local(&decision["decided_at"]),
                local(&decision["lifted_at"]),
                text(decision, "lifted_because"),
            ]);
        }
        table.draw(paint, "Nothing was disqualified.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}
