//! Launch from one labelled table. The table is sealed here, to the scorers' key: the server stores
//! what it cannot read.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use holdout_contract::seal::Sealer;
use serde_json::{Value, json};

use super::client::Client;
use super::participate::print;
use super::settings::resolve;
use super::{CliError, Connection, Outcome};
use crate::web::problems::encode;

pub struct Plan {
    pub table: PathBuf,
    pub target: String,
    pub title: String,
    pub slug: Option<String>,
    pub days: u32,
    pub yes: bool,
}

pub fn launch(connection: &Connection, plan: &Plan) -> Outcome {
    let client = Client::new(resolve(connection));
    let key = client.get("/api/v1/scorer-key")?;
    let recipient = key["recipient"]
        .as_str()
        .ok_or_else(|| CliError::Refused("No scorer has announced itself to this server yet.".to_owned()))?;
    let draft = client.post("/api/v1/competitions", &json!({ "title": plan.title, "slug": plan.slug }))?;
    let slug = draft["slug"].as_str().unwrap_or_default().to_owned();
    eprintln!("Draft {}/c/{slug}", client.server());

    let name = plan.table.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    client.post_stream(
        &format!("/api/v1/competitions/{slug}/table?target={}&sealed=true", encode(&plan.target)),
        &name,
        sealed(&plan.table, recipient)?,
    )?;
    eprintln!("Sealed and sent {name}; a scorer reads it.");

    let proposal = wait_for_proposal(&client, &slug)?;
    if !connection.json {
        println!("{}", describe(&proposal));
    }
    let report = wait_for_report(&client, &slug)?;
    for finding in report["findings"].as_array().into_iter().flatten() {
        let verdict = finding["verdict"].as_str().unwrap_or_default();
        if verdict != "PASS" {
            eprintln!("{verdict}: {} {}", text(finding, "text"), text(finding, "fix"));
        }
    }
    if !plan.yes && !confirmed()? {
        eprintln!("Not launched. Review it at {}/c/{slug}/host.", client.server());
        return Ok(());
    }
    let launched =
        client.post(&format!("/api/v1/competitions/{slug}/launch"), &json!({ "days": plan.days }))?;
    print(connection, &launched, || format!("Launched: {}/c/{slug}", client.server()));
    Ok(())
}

/// The table's sealed bytes, made while they are read: the size of the file does not matter.
fn sealed(table: &Path, recipient: &str) -> Result<io::PipeReader, CliError> {
    let mut plain = File::open(table)
        .map_err(|error| CliError::Refused(format!("{} cannot be read: {error}", table.display())))?;
    let (reader, writer) = io::pipe()?;
    let mut sealer = Sealer::new(recipient, writer).map_err(|error| CliError::Refused(error.to_string()))?;
    std::thread::spawn(move || {
        // A failure closes the pipe without the closing tag, and the scorer refuses the torn file.
        if io::copy(&mut plain, &mut sealer).is_ok() {
            let _ = sealer.finish();
        }
    });
    Ok(reader)
}

fn wait_for_proposal(client: &Client, slug: &str) -> Result<Value, CliError> {
    loop {
        let table = client.get(&format!("/api/v1/competitions/{slug}/table"))?;
        if !table["proposal"].is_null() {
            return Ok(table["proposal"].clone());
        }
        if !table["rejection"].is_null() {
            return Err(CliError::Rejected(text(&table["rejection"], "message")));
        }
        refuse_failure(&table)?;
        sleep(Duration::from_millis(300));
    }
}

fn wait_for_report(client: &Client, slug: &str) -> Result<Value, CliError> {
    loop {
        let answer = client.get(&format!("/api/v1/competitions/{slug}/report"))?;
        if answer["is_current"].as_bool().unwrap_or(false) {
            return Ok(answer["report"].clone());
        }
        refuse_failure(&answer)?;
        sleep(Duration::from_millis(300));
    }
}

/// Ends the waiting where the scorers have given up.
fn refuse_failure(answer: &Value) -> Result<(), CliError> {
    if answer["state"] == "failed" {
        let sentence = "The scorers could not read the table; that is our mistake. The draft is kept.";
        return Err(CliError::Refused(sentence.to_owned()));
    }
    Ok(())
}

fn describe(proposal: &Value) -> String {
    let mut lines = vec![
        format!("id column:  {}", text(proposal, "id_column")),
        format!("target:     {}", text(proposal, "target_column")),
        format!("rows:       {} to train, {} to test", proposal["n_train"], proposal["n_test"]),
        format!("metric:     {} ({})", text(proposal, "metric"), text(proposal, "metric_reason")),
    ];
    for remark in proposal["remarks"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        lines.push(format!("note:       {remark}"));
    }
    lines.join("\n")
}

fn text(document: &Value, field: &str) -> String {
    document[field].as_str().unwrap_or_default().to_owned()
}

fn confirmed() -> Result<bool, CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::Refused("Say --yes to launch without being asked.".to_owned()));
    }
    print!("Launch it? [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}
