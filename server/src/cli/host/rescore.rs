//! The short road to a new scoring version: put it together, score everything, look, ask, publish.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::Competition;
use super::judging::{Choice, put_solution, set_metric};
use super::versions::{act, describe, draw_moves, find, moves, open_version, start};
use crate::cli::Session;
use crate::cli::fault::{CliError, Outcome};

const PAUSE: Duration = Duration::from_millis(400);
/// Moves that are shown before the question.
const MOVES_SHOWN: u32 = 20;

#[derive(Debug, Args)]
pub struct RescoreArgs {
    #[command(flatten)]
    of: Competition,
    /// Why; everyone can read it.
    #[arg(long)]
    reason: String,
    /// The new solution.
    #[arg(long, value_name = "FILE")]
    solution: Option<PathBuf>,
    /// The new metric.
    #[arg(long)]
    metric: Option<String>,
    #[command(flatten)]
    choice: Choice,
    /// Publish without asking for confirmation.
    #[arg(long)]
    yes: bool,
}

pub fn rescore(session: &Session, args: &RescoreArgs) -> Outcome {
    let of = &args.of;
    let number = open_version(session, of)?.ok_or_else(|| {
        CliError::Refused(
            "Before the launch there is nothing to score again: change the draft itself.".to_owned(),
        )
    })?;
    if let Some(file) = &args.solution {
        put_solution(session, of, file)?;
    }
    if let Some(metric) = &args.metric {
        set_metric(session, of, metric, &args.choice)?;
    }
    let done = see_through(session, of, number, &args.reason, args.yes)?;
    session.screen.answer(&done, |paint| match done["published"] == true {
        true => paint.good(&format!("Version {number} counts.")),
        false => format!("Not published. Later: `holdout host versions publish {} {number}`.", of.slug),
    });
    Ok(())
}

/// Scores everything under a version, shows who would move, asks, and makes it count.
///
/// # Errors
/// Those of the server; what speaks against the version.
pub fn see_through(
    session: &Session,
    of: &Competition,
    number: i64,
    reason: &str,
    is_sure: bool,
) -> Outcome<Value> {
    start(session, of, number, reason)?;
    let version = wait(session, of, number)?;
    let moved = moves(session, of, number, MOVES_SHOWN, None)?;
    if !session.screen.is_json() {
        let paint = session.screen.paint();
        println!("{}\n{}", describe(paint, &version), draw_moves(paint, &moved));
    }
    if !session.screen.confirm("Make it count?", is_sure)? {
        return Ok(json!({ "published": false, "version": version, "moves": moved }));
    }
    let version = act(session, of, number, "publish", &json!({}))?;
    Ok(json!({ "published": true, "version": version, "moves": moved }))
}

fn wait(session: &Session, of: &Competition, number: i64) -> Outcome<Value> {
    let mut version = find(session, of, number)?;
    let bar = session.screen.steps("scored again", version["n_total"].as_u64().unwrap_or(0));
    loop {
        bar.set_length(version["n_total"].as_u64().unwrap_or(0));
        bar.set_position(version["n_done"].as_u64().unwrap_or(0));
        if !version["prepared_at"].is_null() {
            bar.finish_and_clear();
            return Ok(version);
        }
        let (n_done, n_failed) = (version["n_done"].as_u64(), version["n_failed"].as_u64());
        if n_failed > Some(0)
            && n_done.zip(n_failed).map(|(done, failed)| done + failed) >= version["n_total"].as_u64()
        {
            return Err(CliError::Refused(format!(
                "{} submissions have no score because of an error of the platform. `holdout host versions retry {} \
                {number}` \
                 tries them again.",
                version["n_failed"], of.slug
            )));
        }
        sleep(PAUSE);
        version = find(session, of, number)?;
    }
}
