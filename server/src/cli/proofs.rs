//! What a competition's results can be checked against: what scorers committed to, and the log of what was received.
//!
//! Never here: trust in the server. Hashes are computed on this machine, and receipts that were kept here count for more
//! than what the server says now.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use holdout_contract::commitment::{Form, Salt, of_table};
use serde_json::{Value, json};

use super::Session;
use super::competition::Competition;
use super::fault::{CliError, Outcome};
use super::screen::Paint;
use super::table::{Table, cell, items, local, text};
use crate::ids::TeamId;
use crate::submissions::log::{Said, entry_hash, leaf};

/// Asks for the parts of a list until there is no more.
fn whole_list(session: &Session, address: &str, key: &str) -> Outcome<Vec<Value>> {
    let mut found: Vec<Value> = Vec::new();
    let mut next = Value::Null;
    loop {
        let from = if next.is_null() { String::new() } else { format!("&{key}={next}") };
        let part = session.client.get(&format!("{address}{from}"))?;
        found.extend(items(&part).iter().cloned());
        next = part["next"].clone();
        if next.is_null() {
            return Ok(found);
        }
    }
}

pub fn commitments(session: &Session, of: &Competition) -> Outcome {
    let found = whole_list(session, &of.api("/commitments?limit=200"), "before")?;
    session.screen.answer(&json!({ "items": found }), |paint| {
        let mut table = Table::new(&["version", "counted from", "commitment", "made"]);
        for item in &found {
            let late = if item["is_late"] == true { ", after it counted" } else { "" };
            let made = if item["made_at"].is_null() { String::new() } else { local(&item["made_at"]) + late };
            table.row([cell(&item["version"]), local(&item["counted_at"]), cell(&item["sha256"]), made]);
        }
        table.draw(paint, "No version counts yet.")
    });
    Ok(())
}

#[derive(Debug, Args)]
pub struct VerifyCommitmentArgs {
    #[command(flatten)]
    of: Competition,
    /// The labels as downloaded; read from the server if left out.
    file: Option<PathBuf>,
}

pub fn verify_commitment(session: &Session, args: &VerifyCommitmentArgs) -> Outcome {
    let labels = session.client.get(&args.of.api("/labels"))?;
    let all = whole_list(session, &args.of.api("/commitments?limit=200"), "before")?;
    let committed = all.iter().find(|item| item["version"] == labels["version"]).unwrap_or(&Value::Null);
    let salt = bytes(&labels["salt"]).and_then(|salt| salt.try_into().ok());
    let Some(salt) = salt else {
        return Err(CliError::Refused("The labels have not been published yet.".to_owned()));
    };
    let computed = match &args.file {
        Some(path) => computed(std::fs::File::open(path)?, &salt),
        None => computed(session.client.open_text(&args.of.api("/labels/solution.csv"))?, &salt),
    };
    let computed =
        computed.map_err(|error| CliError::Refused(format!("The labels cannot be read: {error}.")))?;
    let fits = |(_, hash): &&(Form, String)| committed["sha256"] == hash.as_str();
    let form = computed.iter().find(fits).map(|(form, _)| *form);
    let shown = computed.iter().find(fits).or(computed.first()).map(|(_, hash)| hash);
    let found = json!({
        "version": labels["version"], "committed": committed["sha256"], "computed": shown,
        "is_same": form.is_some(), "binds_order": form == Some(Form::AsScored), "is_late": committed["is_late"],
    });
    session.screen.answer(&found, |paint| concluded(paint, form, found["is_late"] == true));
    if form.is_some() { Ok(()) } else { Err(CliError::Rejected("The commitment is different.".to_owned())) }
}

fn concluded(paint: Paint, form: Option<Form>, is_late: bool) -> String {
    let when = if is_late { ", after the version had begun to count" } else { " before the version counted" };
    match form {
        None => "These are not the labels and the split that were committed to.".to_owned(),
        Some(Form::AsScored) => paint.good(&format!(
            "These are the labels and the split that were committed to{when}, with their rows in the order in which they are scored."
        )),
        Some(Form::Sorted) => {
            let good = format!("These are the labels and the split that were committed to{when}.");
            let open = "The commitment is of an earlier release and leaves the order of the rows open: scores that are computed again may differ in their last digits, and more where predictions tie.";
            format!("{}\n{open}", paint.good(&good))
        }
    }
}

/// In every form, the newest first.
fn computed(labels: impl Read, salt: &Salt) -> csv::Result<Vec<(Form, String)>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(labels);
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(record?.iter().map(str::to_owned).collect::<Vec<_>>());
    }
    let header = if rows.is_empty() { Vec::new() } else { rows.remove(0) };
    let hash = |form: Form| (form, hex::encode(of_table(form, salt, &header, rows.clone())));
    Ok(Form::ALL.map(hash).into())
}

#[derive(Debug, Args)]
pub struct VerifyLogArgs {
    #[command(flatten)]
    of: Competition,
    /// Receipts you kept: what `holdout submission --json` or `holdout submissions --json` printed.
    #[arg(long, value_name = "FILE")]
    receipts: Option<PathBuf>,
}

pub fn verify_log(session: &Session, args: &VerifyLogArgs) -> Outcome {
    let kept = args.receipts.as_deref().map(read_receipts).transpose()?;
    let entries = whole_list(session, &args.of.api("/log?limit=1000"), "after")?;
    let receipts = match kept {
        Some(kept) => kept,
        None => own_receipts(session, &args.of)?,
    };
    let mut faults = breaks(&entries);
    let by_position: HashMap<i64, &Value> =
        entries.iter().filter_map(|entry| Some((entry["position"].as_i64()?, entry))).collect();
    let (blinded, earlier): (Vec<&Value>, Vec<&Value>) =
        receipts.iter().partition(|receipt| receipt["log_nonce"].is_string());
    faults.extend(blinded.iter().filter_map(|receipt| fault_of(receipt, &by_position)));
    let found = json!({
        "n_entries": entries.len(),
        "n_receipts": blinded.len(),
        "n_receipts_of_earlier_releases": earlier.len(),
        "head": entries.last().map(|last| last["hash"].clone()),
        "faults": faults,
    });
    conclude(session, &found, &faults)
}

fn conclude(session: &Session, found: &Value, faults: &[String]) -> Outcome {
    session.screen.answer(found, |paint| {
        if !faults.is_empty() {
            return faults.join("\n");
        }
        let sentence = format!(
            "The log is one chain of {} entries, and {} receipts are in it.",
            found["n_entries"], found["n_receipts"]
        );
        let earlier = match found["n_receipts_of_earlier_releases"].as_u64() {
            Some(0) | None => String::new(),
            Some(n) => {
                format!("\n{n} more are of an earlier release, whose entries nobody can check from here.")
            }
        };
        let head = text(found, "head");
        let keep =
            if head.is_empty() { String::new() } else { format!("\nIts last hash, to be kept: {head}") };
        format!("{}{earlier}{keep}", paint.good(&sentence))
    });
    if faults.is_empty() {
        return Ok(());
    }
    Err(CliError::Rejected("The log has been altered.".to_owned()))
}

fn read_receipts(path: &Path) -> Outcome<Vec<Value>> {
    let unreadable = |error: &dyn std::fmt::Display| {
        CliError::Refused(format!("{} holds no receipts: {error}.", path.display()))
    };
    let content = std::fs::read(path).map_err(|error| unreadable(&error))?;
    let document: Value = serde_json::from_slice(&content).map_err(|error| unreadable(&error))?;
    let receipts = match document {
        Value::Array(receipts) => receipts,
        document if document["items"].is_array() => items(&document).to_vec(),
        document => vec![document],
    };
    if receipts.iter().any(|receipt| !receipt["log_position"].is_i64()) {
        return Err(unreadable(&"what `holdout submission --json` prints has a `log_position`"));
    }
    Ok(receipts)
}

/// None where the caller takes no part.
fn own_receipts(session: &Session, of: &Competition) -> Outcome<Vec<Value>> {
    match whole_list(session, &of.api("/submissions?limit=200"), "before") {
        Err(CliError::NotAllowed(_) | CliError::Refused(_)) => Ok(Vec::new()),
        found => found,
    }
}

/// Where the chain has a gap, or a hash that does not follow from the one before.
fn breaks(entries: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut previous = Some(vec![0; 32]);
    for (expected, entry) in (1_i64..).zip(entries) {
        if entry["position"] != expected {
            faults.push(format!("Entry {expected} is missing."));
            break;
        }
        let hash = bytes(&entry["hash"]);
        let follows =
            previous.zip(bytes(&entry["leaf"])).map(|(previous, leaf)| entry_hash(&previous, &leaf));
        if follows.is_some_and(|follows| Some(follows.as_slice()) != hash.as_deref()) {
            faults.push(format!("The hash of entry {expected} does not follow from the entry before."));
        }
        previous = hash;
    }
    faults
}

/// What is wrong with a receipt; `None` where it is in the log.
fn fault_of(receipt: &Value, log: &HashMap<i64, &Value>) -> Option<String> {
    let position = receipt["log_position"].as_i64()?;
    let named = format!("Submission {}, place {position}", receipt["id"]);
    let Some(leaf) = leaf_of(receipt) else { return Some(format!("{named}: the receipt is not whole.")) };
    let Some(entry) = log.get(&position) else { return Some(format!("{named}: the log has no such entry.")) };
    if bytes(&entry["leaf"]).as_deref() != Some(leaf.as_slice()) {
        return Some(format!("{named}: the log has another entry there."));
    }
    let is_same_chain = entry["hash"] == receipt["log_entry_hash"];
    (!is_same_chain).then(|| format!("{named}: what the log has before it was changed."))
}

fn leaf_of(receipt: &Value) -> Option<[u8; 32]> {
    let at: DateTime<Utc> = receipt["received_at"].as_str()?.parse().ok()?;
    let said = Said {
        file_sha256: &bytes(&receipt["sha256"])?,
        received_at: at,
        team: TeamId(receipt["log_team_id"].as_i64()?),
    };
    Some(leaf(&bytes(&receipt["log_nonce"])?, &said))
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    hex::decode(value.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-11-27T10:00:00.123456Z";

    fn receipts() -> Vec<Value> {
        let mut previous = [0; 32];
        let receipt = |number: u8| {
            let mut receipt = json!({
                "id": number, "log_position": number, "received_at": AT, "log_team_id": 7,
                "sha256": hex::encode([number; 32]), "log_nonce": hex::encode([number + 100; 32]),
            });
            previous = entry_hash(&previous, &leaf_of(&receipt).expect("whole"));
            receipt["log_entry_hash"] = hex::encode(previous).into();
            receipt
        };
        (1..=3).map(receipt).collect()
    }

    fn log(receipts: &[Value]) -> Vec<Value> {
        let entry = |receipt: &Value| {
            json!({
                "position": receipt["log_position"], "hash": receipt["log_entry_hash"],
                "leaf": hex::encode(leaf_of(receipt).expect("whole")),
            })
        };
        receipts.iter().map(entry).collect()
    }

    fn faults(receipts: &[Value], log: &[Value]) -> usize {
        let by_position = log.iter().filter_map(|entry| Some((entry["position"].as_i64()?, entry))).collect();
        breaks(log).len() + receipts.iter().filter_map(|receipt| fault_of(receipt, &by_position)).count()
    }

    #[test]
    fn a_log_that_was_not_touched_is_whole() {
        let receipts = receipts();
        assert_eq!(faults(&receipts, &log(&receipts)), 0);
        let mut since = log(&receipts);
        since[0] = json!({ "position": 1 });
        assert_eq!(faults(&receipts[1..], &since), 0, "what an earlier release received shows no hash");
    }

    #[test]
    fn whatever_is_changed_is_found() {
        let receipts = receipts();
        let whole = log(&receipts);
        let mut without_the_second = vec![whole[0].clone(), whole[2].clone()];
        assert!(faults(&receipts, &without_the_second) > 0, "a gap");
        without_the_second[1]["position"] = 2.into();
        assert!(faults(&receipts, &without_the_second) > 0, "moved up");
        assert!(faults(&receipts, &whole[..2]) > 0, "the last is cut off");
        let mut other = receipts.clone();
        other[0]["sha256"] = hex::encode([9; 32]).into();
        assert!(faults(&other, &whole) > 0, "another file");
        // Somebody rewrites the first entry and everything after it: who kept the last receipt sees it.
        let mut rewritten = other.clone();
        let mut previous = [0; 32];
        for receipt in &mut rewritten {
            previous = entry_hash(&previous, &leaf_of(receipt).expect("whole"));
            receipt["log_entry_hash"] = hex::encode(previous).into();
        }
        let rewritten = log(&rewritten);
        assert_eq!(breaks(&rewritten), Vec::<String>::new());
        assert_eq!(faults(&receipts[2..], &rewritten), 1);
    }
}
