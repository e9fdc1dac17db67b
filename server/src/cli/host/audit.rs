//! What the audit found, and the host's answers to it.

use clap::Args;
use serde_json::{Value, json};

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::screen::Paint;
use crate::cli::table::{facts, items, one_line, text};

#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(flatten)]
    of: Competition,
    /// What the winner's file should contain: mean, median, "quantile 0.9", probabilities, order or labels. The audit is
    /// run again.
    #[arg(long, value_name = "WHAT")]
    declared: Option<String>,
    /// Why you continue despite a FAIL, or with a metric of your own that was not judged; all participants can read it beside the rules.
    #[arg(long, value_name = "TEXT")]
    audit_reason: Option<String>,
}

pub fn audit(session: &Session, args: &AuditArgs) -> Outcome {
    let mut found = session.client.get(&args.of.api("/audit"))?;
    if args.declared.is_some() || args.audit_reason.is_some() {
        let or_kept = |typed: &Option<String>, field: &str| {
            typed.as_ref().map_or_else(|| found[field].clone(), |typed| json!(typed))
        };
        let answer = json!({
            "declared": or_kept(&args.declared, "declared"),
            "audit_reason": or_kept(&args.audit_reason, "audit_reason"),
        });
        found = session.client.put(&args.of.api("/audit"), &answer)?;
    }
    session.screen.answer(&found, |paint| describe(paint, &found));
    Ok(())
}

fn describe(paint: Paint, found: &Value) -> String {
    let said = |field: &str| found[field].as_str().map_or_else(|| "not said".to_owned(), one_line);
    let overall = found["overall"].as_str().map_or("none yet", |word| word).replace('_', " ");
    let mut lines = vec![facts(
        paint,
        &[
            ("version", found["version"].to_string()),
            ("verdict", marked(paint, &overall)),
            ("wanted", said("declared")),
            ("reason", said("audit_reason")),
        ],
    )];
    if found["is_current"] != true {
        lines.push(paint.doubtful("A scorer has not looked at the current draft yet."));
    }
    lines.extend(items(&found["checks"]).iter().map(|check| line(paint, check)));
    if found["wants_audit_reason"] == true {
        lines.push(paint.bad("It can only be launched with a written reason: --audit-reason."));
    }
    lines.join("\n")
}

/// A check as one line, with what can be done and what mends it below.
fn line(paint: Paint, check: &Value) -> String {
    let verdict = marked(paint, &text(check, "verdict").to_uppercase());
    let value = check["value"].as_f64().map(|value| format!(" ({value})")).unwrap_or_default();
    let mut told = format!("{verdict} {}{value}: {}", text(check, "check"), one_line(&text(check, "text")));
    for field in ["exploit", "repair"] {
        let sentence = one_line(&text(check, field));
        if !sentence.is_empty() {
            told.push_str(&format!("\n        {sentence}"));
        }
    }
    told
}

fn marked(paint: Paint, verdict: &str) -> String {
    let shown = format!("{verdict:<7}");
    match verdict {
        "PASS" => paint.good(&shown),
        "FAIL" | "REFUSED" => paint.bad(&shown),
        "INFO" => shown,
        _ => paint.doubtful(&shown),
    }
}
