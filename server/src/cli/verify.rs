//! Have every score computed again, and wait for the result.

use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::Client;
use super::settings::resolve;
use super::{CliError, Connection, Outcome};
use crate::web::problems::encode;

const PAUSE: Duration = Duration::from_millis(500);

pub fn verify(connection: &Connection, competition: &str) -> Outcome {
    let client = Client::new(resolve(connection));
    let all = format!("/api/v1/competitions/{}/verifications", encode(competition));
    let mut found = client.post(&all, &json!({}))?;
    let address = format!("{all}/{}", found["id"]);
    while found["finished_at"].is_null() {
        sleep(PAUSE);
        found = client.get(&address)?;
    }
    let mut faults = found["faults"].as_array().cloned().unwrap_or_default();
    let mut next = found["next"].clone();
    while !next.is_null() {
        let more = client.get(&format!("{address}?after={next}"))?;
        faults.extend(more["faults"].as_array().cloned().unwrap_or_default());
        next = more["next"].clone();
    }
    found["faults"] = Value::Array(faults);
    if connection.json {
        println!("{found}");
    }
    conclude(&found, connection.json)
}

fn conclude(found: &Value, is_json: bool) -> Outcome {
    if !is_json {
        for fault in found["faults"].as_array().into_iter().flatten() {
            let text = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
            println!("submission {} of {}: {}", fault["submission_id"], text("team"), text("what"));
        }
    }
    let n_scores = &found["n_asked"];
    if found["n_failed"] != 0 {
        return Err(CliError::Refused(format!(
            "{} of {n_scores} scores could not be computed by a fault of the platform.",
            found["n_failed"]
        )));
    }
    if found["n_faults"] != 0 {
        return Err(CliError::Rejected(format!("{} of {n_scores} scores differ.", found["n_faults"])));
    }
    if !is_json {
        println!("All {n_scores} scores came out the same, to the last digit.");
    }
    Ok(())
}
