//! What participants do: join, download, check, submit, look.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::client::Client;
use super::settings::resolve;
use super::tus;
use super::{CliError, Connection, Outcome};

/// Seconds that one waiting request may take; the command asks again until there is a score.
const WAIT_SECONDS: u32 = 30;

pub fn join(connection: &Connection, competition: &str) -> Outcome {
    let client = Client::new(resolve(connection));
    let joined =
        client.post(&format!("/api/v1/competitions/{competition}/join"), &json!({ "accept_rules": true }))?;
    print(connection, &joined, || format!("You take part in {competition}."));
    Ok(())
}

pub fn download(connection: &Connection, competition: &str, into: &Path) -> Outcome {
    let client = Client::new(resolve(connection));
    let files = client.get(&format!("/api/v1/competitions/{competition}/data"))?;
    std::fs::create_dir_all(into)?;
    for file in files["items"].as_array().into_iter().flatten() {
        let name = file["name"].as_str().unwrap_or_default();
        let is_plain = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
        if !is_plain {
            return Err(CliError::Refused(format!(
                "The server offers a file with an unsafe name: {name:?}."
            )));
        }
        let size_bytes = file["size_bytes"].as_u64().unwrap_or(0);
        let target = into.join(name);
        if std::fs::metadata(&target).is_ok_and(|meta| meta.len() == size_bytes) {
            eprintln!("{name} is here already");
            continue;
        }
        client.download(&format!("/api/v1/competitions/{competition}/data/{name}"), &target, size_bytes)?;
        eprintln!("{name} ({size_bytes} bytes)");
    }
    print(connection, &files, || format!("The files of {competition} are in {}.", into.display()));
    Ok(())
}

pub fn check(connection: &Connection, competition: &str, file: &Path) -> Outcome {
    let client = Client::new(resolve(connection));
    let key = Uuid::new_v4().to_string();
    let address = format!("/api/v1/competitions/{competition}/checks");
    let mut check = match tus::large(&client, file, competition, "check")? {
        None => client.post_file(&address, file, &key)?,
        Some(uploaded) => uploaded.spend(|document| client.post(&address, document))?,
    };
    let id = check["id"].as_str().unwrap_or_default().to_owned();
    while check["verdict"].is_null() {
        sleep(Duration::from_millis(300));
        check = client.get(&format!("/api/v1/competitions/{competition}/checks/{id}"))?;
    }
    let verdict = &check["verdict"];
    match verdict["verdict"].as_str() {
        Some("fits") => {
            print(connection, &check, || "The file fits. Nothing was spent.".to_owned());
            Ok(())
        }
        Some("rejected") => {
            print(connection, &check, || describe_rejection(&verdict["rejection"]));
            Err(CliError::Rejected("The file would be rejected.".to_owned()))
        }
        _ => Err(CliError::Refused(
            "The file could not be checked; that is our mistake, not yours.".to_owned(),
        )),
    }
}

pub fn submit(connection: &Connection, competition: &str, file: &Path, message: &str, wait: bool) -> Outcome {
    let client = Client::new(resolve(connection));
    let base = format!("/api/v1/competitions/{competition}/submissions");
    let note = crate::web::problems::encode(message);
    let key = Uuid::new_v4().to_string();
    let seconds = if wait { WAIT_SECONDS } else { 0 };
    let address = format!("{base}?wait={seconds}&description={note}");
    let mut submission = match tus::large(&client, file, competition, "submission")? {
        None => client.post_file(&address, file, &key)?,
        Some(uploaded) => uploaded.spend(|document| client.post(&address, document))?,
    };
    if !connection.json {
        eprintln!(
            "Received as submission {} (SHA-256 {}).",
            submission["id"],
            submission["sha256"].as_str().unwrap_or_default()
        );
    }
    let id = submission["id"].to_string();
    while wait && matches!(submission["state"].as_str(), Some("queued" | "scoring")) {
        sleep(Duration::from_millis(300));
        submission = client.get(&format!("{base}/{id}"))?;
    }
    match submission["state"].as_str() {
        Some("scored") => {
            print(connection, &submission, || format!("Public score: {}", submission["public_score"]));
            Ok(())
        }
        Some("rejected") => {
            print(connection, &submission, || describe_rejection(&submission["rejection"]));
            Err(CliError::Rejected("The file was rejected; it did not count against your limit.".to_owned()))
        }
        Some("failed") => Err(CliError::Refused(
            "Scoring failed by our mistake; the host was told and the entry did not count.".to_owned(),
        )),
        _ => {
            print(connection, &submission, || "It waits for a scorer.".to_owned());
            Ok(())
        }
    }
}

pub fn submissions(connection: &Connection, competition: &str) -> Outcome {
    let client = Client::new(resolve(connection));
    let list = client.get(&format!("/api/v1/competitions/{competition}/submissions"))?;
    print(connection, &list, || {
        rows(&list, &["id", "received_at", "state", "public_score", "file_name", "description"])
    });
    Ok(())
}

pub fn leaderboard(connection: &Connection, competition: &str) -> Outcome {
    let client = Client::new(resolve(connection));
    let board = client.get(&format!("/api/v1/competitions/{competition}/leaderboard"))?;
    print(connection, &board, || rows(&board, &["rank", "team", "score", "n_entries", "last_entry_at"]));
    Ok(())
}

pub fn print(connection: &Connection, document: &Value, text: impl FnOnce() -> String) {
    if connection.json {
        println!("{document}");
    } else {
        println!("{}", text());
    }
}

fn describe_rejection(rejection: &Value) -> String {
    let mut text = rejection["message"].as_str().unwrap_or("The file was rejected.").to_owned();
    if let Some(line) = rejection["line"].as_u64() {
        text.push_str(&format!("\n  line {line}"));
    }
    if let Some(column) = rejection["column"].as_str() {
        text.push_str(&format!("\n  column {column}"));
    }
    let examples: Vec<&str> =
        rejection["examples"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !examples.is_empty() {
        text.push_str(&format!("\n  for example: {}", examples.join(", ")));
    }
    text
}

/// The documents under `items` as aligned columns.
fn rows(document: &Value, columns: &[&str]) -> String {
    let mut table: Vec<Vec<String>> = vec![columns.iter().map(|&column| column.to_owned()).collect()];
    for item in document["items"].as_array().into_iter().flatten() {
        table.push(columns.iter().map(|column| cell(&item[*column])).collect());
    }
    let widths: Vec<usize> = (0..columns.len())
        .map(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let lines: Vec<String> = table
        .iter()
        .map(|row| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_names_line_column_and_examples() {
        let text = describe_rejection(&json!({
            "message": "2 ids are unknown.", "line": 3, "column": "id", "examples": ["a", "b"]
        }));
        assert_eq!(text, "2 ids are unknown.\n  line 3\n  column id\n  for example: a, b");
    }

    #[test]
    fn rows_are_aligned() {
        let document = json!({ "items": [{ "rank": 1, "team": "ada" }, { "rank": 10, "team": null }] });
        assert_eq!(rows(&document, &["rank", "team"]), "rank  team\n1     ada\n10    –");
    }
}
