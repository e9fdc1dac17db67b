//! Have every score computed again, and wait for the result.

use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use super::Session;
use super::fault::{CliError, Outcome};
use super::table::text;
use crate::web::problems::encode;

const PAUSE: Duration = Duration::from_millis(500);

pub fn verify(session: &Session, competition: &str) -> Outcome {
    let all = format!("/api/v1/competitions/{}/verifications", encode(competition));
    let mut found = session.client.post(&all, &json!({}))?;
    let address = format!("{all}/{}", found["id"]);
    let bar = session.screen.steps("computed again", found["n_asked"].as_u64().unwrap_or(0));
    while found["finished_at"].is_null() {
        bar.set_position(found["n_done"].as_u64().unwrap_or(0));
        sleep(PAUSE);
        found = session.client.get(&address)?;
    }
    bar.finish_and_clear();
    let mut faults = found["faults"].as_array().cloned().unwrap_or_default();
    let mut next = found["next"].clone();
    while !next.is_null() {
        let more = session.client.get(&format!("{address}?after={next}"))?;
        faults.extend(more["faults"].as_array().cloned().unwrap_or_default());
        next = more["next"].clone();
    }
    found["faults"] = Value::Array(faults);
    conclude(session, &found)
}

fn conclude(session: &Session, found: &Value) -> Outcome {
    let n_scores = &found["n_asked"];
    let is_clean = found["n_failed"] == 0 && found["n_faults"] == 0;
    session.screen.answer(found, |paint| {
        if is_clean {
            return paint.good(&format!("All {n_scores} scores came out the same, to the last digit."));
        }
        let line = |fault: &Value| {
            format!(
                "submission {} of {}: {}",
                fault["submission_id"],
                text(fault, "team"),
                text(fault, "what")
            )
        };
        found["faults"].as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
    });
    if found["n_failed"] != 0 {
        return Err(CliError::Refused(format!(
            "{} of {n_scores} scores could not be computed because of an error of the platform.",
            found["n_failed"]
        )));
    }
    if found["n_faults"] != 0 {
        return Err(CliError::Rejected(format!("{} of {n_scores} scores differ.", found["n_faults"])));
    }
    Ok(())
}
