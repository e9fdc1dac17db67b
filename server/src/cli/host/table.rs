//! The labelled table that a draft is made of: what came of it, or another plan to split it by.

use clap::Args;
use serde_json::json;

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::launch::{describe, wait_for_proposal};

#[derive(Debug, Args)]
pub struct TableArgs {
    #[command(flatten)]
    of: Competition,
    /// A different column to predict.
    #[arg(long)]
    target: Option<String>,
    /// A different share of hidden rows, in percent.
    #[arg(long, value_name = "PERCENT")]
    test_percent: Option<f64>,
    /// A different share of these for the public board, in percent.
    #[arg(long, value_name = "PERCENT")]
    public_percent: Option<f64>,
}

impl TableArgs {
    fn is_another_plan(&self) -> bool {
        self.target.is_some() || self.test_percent.is_some() || self.public_percent.is_some()
    }
}

pub fn table(session: &Session, args: &TableArgs) -> Outcome {
    if args.is_another_plan() {
        let plan = json!({
            "target": args.target, "test_percent": args.test_percent, "public_percent": args.public_percent
        });
        session.client.patch(&args.of.api("/table"), &plan)?;
    }
    let proposal = wait_for_proposal(session, &args.of)?;
    session.screen.answer(&proposal, |paint| describe(paint, &proposal));
    session.screen.note(&format!("Next: holdout host launch {}", args.of.slug));
    Ok(())
}
