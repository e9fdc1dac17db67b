//! What a scorer found out about a draft, and what stands between it and its launch.

use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::{CliError, Outcome};
use crate::cli::screen::Paint;
use crate::cli::table::text;

const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    of: Competition,
}

/// The report as it stands.
pub fn report(session: &Session, args: &ReportArgs) -> Outcome {
    conclude(session, &session.client.get(&args.of.api("/report"))?)
}

/// A new examination, waited for.
pub fn check(session: &Session, args: &ReportArgs) -> Outcome {
    session.client.post(&args.of.api("/report"), &json!({}))?;
    let found = wait(session, &args.of)?;
    conclude(session, &found)
}

/// Waits until a report speaks of the draft as it is.
pub fn wait(session: &Session, of: &Competition) -> Outcome<Value> {
    let line = session.screen.waiting("a scorer examines the competition");
    loop {
        let found = session.client.get(&of.api("/report"))?;
        let is_over =
            found["is_current"] == true && !matches!(found["state"].as_str(), Some("queued" | "leased"));
        if is_over {
            line.finish_and_clear();
            return Ok(found);
        }
        refuse_failure(&found)?;
        sleep(PAUSE);
    }
}

/// A moment, unless the scorers have given up on what is waited for.
pub fn pause(session: &Session, of: &Competition) -> Outcome {
    refuse_failure(&session.client.get(&of.api("/report"))?)?;
    sleep(PAUSE);
    Ok(())
}

/// Ends the waiting where the scorers have given up.
pub fn refuse_failure(answer: &Value) -> Outcome {
    if answer["state"] == "failed" {
        let sentence = "The scorers could not examine it; that is a problem on our side. The draft is kept.";
        return Err(CliError::Refused(sentence.to_owned()));
    }
    Ok(())
}

fn conclude(session: &Session, found: &Value) -> Outcome {
    session.screen.answer(found, |paint| describe(paint, found));
    let against = found["hindrances"].as_array().map_or(0, Vec::len);
    if against > 0 {
        let things =
            if against == 1 { "1 thing stands".to_owned() } else { format!("{against} things stand") };
        return Err(CliError::Rejected(format!("{things} between the draft and its launch.")));
    }
    Ok(())
}

fn describe(paint: Paint, found: &Value) -> String {
    let mut lines = Vec::new();
    let told = findings(paint, &found["report"]["findings"]);
    if !told.is_empty() {
        lines.push(told);
    }
    if found["is_current"] != true {
        lines.push(
            paint.doubtful("The report is older than the draft: `holdout host check` makes a new one."),
        );
    }
    for hindrance in found["hindrances"].as_array().into_iter().flatten() {
        let sentence = format!("{} {}", text(hindrance, "text"), text(hindrance, "fix"));
        lines.push(format!(
            "{} {}: {}",
            paint.bad("before the launch"),
            text(hindrance, "step"),
            sentence.trim()
        ));
    }
    if found["may_launch"] == true {
        lines.push(paint.good("It is ready to launch."));
    }
    lines.join("\n")
}

/// Findings, one a line: the verdict, what was found, what to do.
pub fn findings(paint: Paint, findings: &Value) -> String {
    let line = |finding: &Value| {
        let verdict = text(finding, "verdict");
        let shown = format!("{verdict:<7}");
        let marked = match verdict.as_str() {
            "PASS" => paint.good(&shown),
            "WARN" => paint.doubtful(&shown),
            _ => paint.bad(&shown),
        };
        let told = text(finding, "text");
        let told = told.strip_prefix(&format!("{verdict}, ")).unwrap_or(&told); // the verdict stands before it
        format!("{marked} {told} {}", text(finding, "fix")).trim_end().to_owned()
    };
    findings.as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
}
