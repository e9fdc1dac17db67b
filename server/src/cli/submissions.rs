//! A team's submissions: listed, looked at, chosen for the final board.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::Session;
use super::account::or_nothing;
use super::competition::Competition;
use super::download::{Wanted, fetch};
use super::fault::{CliError, Outcome};
use super::rejection::describe;
use super::screen::Paint;
use super::table::{Table, allowance, cell, facts, items, local, size, text};

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    of: Competition,
    /// How many to show.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Continue after this submission.
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
}

pub fn list(session: &Session, args: &ListArgs) -> Outcome {
    let base = args.of.api("");
    let before = args.before.map_or_else(String::new, |id| format!("&before={id}"));
    let mut list = session.client.get(&format!("{base}/submissions?limit={}{before}", args.limit))?;
    list["allowance"] = or_nothing(session.client.get(&format!("{base}/allowance")))?;
    session.screen.answer(&list, |paint| draw(paint, &list));
    session.screen.tell_of_more("--before", &list["next"]);
    Ok(())
}

fn draw(paint: Paint, list: &Value) -> String {
    let has_private = items(list).iter().any(|item| !item["private_score"].is_null());
    let mut header = vec!["id", "received", "state", "public"];
    if has_private {
        header.push("private");
    }
    header.extend(["final", "by", "file", "note"]);
    let mut table = Table::new(&header);
    for item in items(list) {
        let mut cells =
            vec![cell(&item["id"]), local(&item["received_at"]), state(item), cell(&item["public_score"])];
        if has_private {
            cells.push(cell(&item["private_score"]));
        }
        let chosen = if item["selected"] == true { "chosen" } else { "" };
        let rest =
            [chosen.to_owned(), text(item, "sender"), text(item, "file_name"), text(item, "description")];
        cells.extend(rest);
        if item["selected"] == true { table.marked_row(cells) } else { table.row(cells) }
    }
    let drawn = table.draw(paint, "Your team has not submitted anything yet.");
    if !list["allowance"].is_object() {
        return drawn;
    }
    format!("{drawn}\n{}", paint.faint(&allowance(&list["allowance"])))
}

fn state(item: &Value) -> String {
    let late = if item["is_late"] == true { ", late" } else { "" };
    format!("{}{late}", cell(&item["state"]))
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    of: Competition,
    /// Its number, as `holdout submissions` lists it.
    id: i64,
    /// Write the file as it was sent.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

pub fn show(session: &Session, args: &ShowArgs) -> Outcome {
    let address = args.of.api(&format!("/submissions/{}", args.id));
    let found = session.client.get(&address)?;
    if let Some(target) = &args.file {
        if target.exists() {
            return Err(CliError::Refused(format!("{} is here already.", target.display())));
        }
        let (name, sha256) = (text(&found, "file_name"), text(&found, "sha256"));
        let wanted = Wanted {
            path: &format!("{address}/file"),
            name: &name,
            size_bytes: found["size_bytes"].as_u64().unwrap_or(0),
            sha256: &sha256,
        };
        fetch(session, &wanted, target)?;
        session.screen.note(&format!("The file is in {}.", target.display()));
    }
    session.screen.answer(&found, |paint| receipt(paint, &found));
    Ok(())
}

fn receipt(paint: Paint, found: &Value) -> String {
    let score = |field: &str| if found[field].is_null() { String::new() } else { cell(&found[field]) };
    let facts = facts(
        paint,
        &[
            ("submission", cell(&found["id"])),
            ("state", state(found)),
            ("public score", score("public_score")),
            ("private score", score("private_score")),
            ("no score", text(found, "public_undefined")),
            ("held back", text(found, "held")),
            ("gain", text(&found["gain"], "sentence")),
            ("failure", text(found, "failure")),
            ("received", local(&found["received_at"])),
            ("sent by", text(found, "sender")),
            ("file", format!("{}, {}", text(found, "file_name"), size(&found["size_bytes"]))),
            ("SHA-256", text(found, "sha256")),
            ("log", format!("place {}, {}", found["log_position"], text(found, "log_entry_hash"))),
            ("nonce", text(found, "log_nonce")),
            ("computed by", computed_by(&found["provenance"])),
            ("commitment", text(&found["provenance"], "commitment")),
            ("note", text(found, "description")),
        ],
    );
    if found["rejection"].is_null() {
        facts
    } else {
        format!("{facts}\n{}", describe(paint, &found["rejection"]))
    }
}

/// Metric, version and engine of a score; nothing where there is none.
fn computed_by(provenance: &Value) -> String {
    if provenance.is_null() {
        return String::new();
    }
    let params = match provenance["params"].as_object() {
        Some(params) if !params.is_empty() => {
            format!(" with {}", cell(&provenance["params"]))
        }
        _ => String::new(),
    };
    let (metric, engine) = (text(provenance, "metric"), text(provenance, "engine_version"));
    format!("{metric}{params}, version {}, {engine}", provenance["version"])
}

#[derive(Debug, Args)]
pub struct SelectArgs {
    #[command(flatten)]
    of: Competition,
    /// Numbers of submissions; if left out, the chosen ones are listed.
    ids: Vec<i64>,
    /// Remove these from the choice instead.
    #[arg(long)]
    withdraw: bool,
}

fn finals(submissions: &[&Value]) -> Table {
    let mut table = Table::new(&["id", "received", "state", "public", "file", "note"]);
    for item in submissions {
        table.row([
            cell(&item["id"]),
            local(&item["received_at"]),
            state(item),
            cell(&item["public_score"]),
            text(item, "file_name"),
            text(item, "description"),
        ]);
    }
    table
}

pub fn select(session: &Session, args: &SelectArgs) -> Outcome {
    let base = args.of.api("/submissions");
    for id in &args.ids {
        session.client.patch(&format!("{base}/{id}"), &json!({ "selected": !args.withdraw }))?;
    }
    let list = session.client.get(&format!("{base}?limit=200"))?;
    let stands = session.client.get(&args.of.api("/final-selection"))?;
    let named = |key: &str| -> Vec<&Value> {
        let ids = stands[key].as_array().map_or(&[][..], Vec::as_slice);
        items(&list).iter().filter(|item| ids.contains(&item["id"])).collect()
    };
    let (chosen, stand_ins) = (named("chosen"), named("stand_ins"));
    session.screen.answer(&json!({ "items": chosen, "stand_ins": stand_ins }), |paint| {
        if chosen.is_empty() && !stand_ins.is_empty() {
            return format!(
                "None is chosen. Currently these count, as your best public scores:\n{}",
                finals(&stand_ins).draw(paint, "")
            );
        }
        finals(&chosen).draw(paint, "None is chosen: your best submissions by public score will count.")
    });
    Ok(())
}
