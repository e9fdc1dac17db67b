//! Scoring versions: put together, scored beside what counts, looked at, made to count, taken back.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::{CliError, Outcome};
use crate::cli::screen::Paint;
use crate::cli::table::{Table, cell, facts, items, local, text};
use crate::web::problems::encode;

#[derive(Debug, Subcommand)]
pub enum VersionsVerb {
    /// List the versions.
    List(Competition),
    /// Start a version as a copy of the one that counts.
    New(Competition),
    /// Show a version.
    Show(VersionArgs),
    /// Score everything under a version, beside the one that counts.
    Start(ReasonArgs),
    /// Show which teams would move.
    Moves(MovesArgs),
    /// Make a version count.
    Publish(PublishArgs),
    /// Return to a version that counted before.
    RollBack(ReasonArgs),
    /// Discard a version that never counted.
    Abandon(VersionArgs),
    /// Score again what failed because of an error of the platform.
    Retry(VersionArgs),
}

#[derive(Debug, Args)]
pub struct VersionArgs {
    #[command(flatten)]
    of: Competition,
    number: i64,
}

#[derive(Debug, Args)]
pub struct ReasonArgs {
    #[command(flatten)]
    version: VersionArgs,
    /// Why; everyone can read it.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
pub struct PublishArgs {
    #[command(flatten)]
    version: VersionArgs,
    /// Publish without asking.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub struct MovesArgs {
    #[command(flatten)]
    version: VersionArgs,
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Continue from where a page ended: the key it printed.
    #[arg(long, value_name = "WORD")]
    after: Option<String>,
}

pub fn run(session: &Session, verb: &VersionsVerb) -> Outcome {
    match verb {
        VersionsVerb::List(of) => list(session, of),
        VersionsVerb::New(of) => {
            let version = session.client.post(&of.api("/versions"), &json!({}))?;
            tell(session, &version);
            Ok(())
        }
        VersionsVerb::Show(args) => {
            tell(session, &find(session, &args.of, args.number)?);
            Ok(())
        }
        VersionsVerb::Start(args) => {
            let (of, number) = (&args.version.of, args.version.number);
            tell(session, &start(session, of, number, &args.reason)?);
            Ok(())
        }
        VersionsVerb::Moves(args) => {
            let (of, number) = (&args.version.of, args.version.number);
            let moves = moves(session, of, number, args.limit, args.after.as_deref())?;
            session.screen.answer(&moves, |paint| draw_moves(paint, &moves));
            session.screen.tell_of_more("--after", &moves["next"]);
            Ok(())
        }
        VersionsVerb::Publish(args) => {
            let number = args.version.number;
            if !session.screen.confirm(&format!("Make version {number} count?"), args.yes)? {
                return Err(CliError::Refused("It was not published.".to_owned()));
            }
            tell(session, &act(session, &args.version.of, number, "publish", &json!({}))?);
            Ok(())
        }
        VersionsVerb::RollBack(args) => {
            let reason = json!({ "reason": args.reason });
            tell(session, &act(session, &args.version.of, args.version.number, "roll-back", &reason)?);
            Ok(())
        }
        VersionsVerb::Abandon(args) => {
            tell(session, &act(session, &args.of, args.number, "abandon", &json!({}))?);
            Ok(())
        }
        VersionsVerb::Retry(args) => {
            tell(session, &act(session, &args.of, args.number, "retry", &json!({}))?);
            Ok(())
        }
    }
}

pub fn act(session: &Session, of: &Competition, number: i64, verb: &str, body: &Value) -> Outcome<Value> {
    session.client.post(&of.api(&format!("/versions/{number}/{verb}")), body)
}

pub fn find(session: &Session, of: &Competition, number: i64) -> Outcome<Value> {
    session.client.get(&of.api(&format!("/versions/{number}")))
}

/// Has everything scored under a version, once a scorer has looked at it.
pub fn start(session: &Session, of: &Competition, number: i64, reason: &str) -> Outcome<Value> {
    let line = session.screen.waiting("a scorer looks at solution and metric");
    while find(session, of, number)?["is_examined"] != true {
        super::report::pause(session, of)?;
    }
    line.finish_and_clear();
    act(session, of, number, "start", &json!({ "reason": reason }))
}

pub fn moves(
    session: &Session,
    of: &Competition,
    number: i64,
    limit: u32,
    after: Option<&str>,
) -> Outcome<Value> {
    let after = after.map_or_else(String::new, |word| format!("&after={}", encode(word)));
    session.client.get(&of.api(&format!("/versions/{number}/moves?limit={limit}{after}")))
}

/// The version that solution and metric are put into: none before the launch, when the draft takes them;
/// else the open one, begun where there is none.
pub fn open_version(session: &Session, of: &Competition) -> Outcome<Option<i64>> {
    if session.client.get(&of.api(""))?["launched_at"].is_null() {
        return Ok(None);
    }
    let newest = at_hand(session, of)?;
    if newest["stage"] == "draft" {
        return Ok(newest["number"].as_i64());
    }
    let begun = session.client.post(&of.api("/versions"), &json!({}))?;
    session
        .screen
        .note(&format!("Version {} has been created as a copy of the one that counts.", begun["number"]));
    Ok(begun["number"].as_i64())
}

/// The newest version: one that is put together, else the newest of all.
pub fn at_hand(session: &Session, of: &Competition) -> Outcome<Value> {
    let versions = session.client.get(&of.api("/host/versions"))?;
    let all = items(&versions);
    let found = all.iter().find(|version| version["stage"] == "draft").or(all.first());
    found.cloned().ok_or_else(|| CliError::NotFound("The competition has no scoring version.".to_owned()))
}

fn list(session: &Session, of: &Competition) -> Outcome {
    let versions = session.client.get(&of.api("/host/versions"))?;
    session.screen.answer(&versions, |paint| {
        let mut table = Table::new(&["version", "stage", "metric", "scored", "moved", "made", "reason"]);
        for version in items(&versions) {
            let scored = format!("{} of {}", version["n_done"], version["n_total"]);
            let cells = [
                cell(&version["number"]),
                cell(&version["stage"]),
                cell(&version["metric"]),
                scored,
                cell(&version["n_moved"]),
                local(&version["created_at"]),
                text(version, "reason"),
            ];
            if version["stage"] == "published" { table.marked_row(cells) } else { table.row(cells) }
        }
        table.draw(paint, "There are no versions.")
    });
    Ok(())
}

fn tell(session: &Session, version: &Value) {
    session.screen.answer(version, |paint| describe(paint, version));
}

pub fn describe(paint: Paint, version: &Value) -> String {
    let mut told = facts(
        paint,
        &[
            ("version", cell(&version["number"])),
            ("stage", cell(&version["stage"])),
            ("metric", cell(&version["metric"])),
            ("parameters", cell(&version["params"])),
            ("scored", format!("{} of {}", version["n_done"], version["n_total"])),
            ("failed", cell(&version["n_failed"])),
            ("would move", cell(&version["n_moved"])),
            ("reason", text(version, "reason")),
        ],
    );
    let findings = super::report::findings(paint, &version["findings"]);
    if !findings.is_empty() {
        told.push('\n');
        told.push_str(&findings);
    }
    told
}

pub fn draw_moves(paint: Paint, moves: &Value) -> String {
    let mut table = Table::new(&["team", "rank now", "then", "score now", "then"]);
    for moved in items(moves) {
        table.row([
            text(moved, "team"),
            cell(&moved["old_rank"]),
            cell(&moved["new_rank"]),
            cell(&moved["old_score"]),
            cell(&moved["new_score"]),
        ]);
    }
    table.draw(paint, "No team would move.")
}
