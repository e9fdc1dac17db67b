//! Launch: from one labelled table, or a draft that was put together before.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::Session;
use super::fault::{CliError, Outcome};
use super::host::Competition;
use super::host::report::{findings, refuse_failure, wait};
use super::screen::Paint;
use super::seal::{Method, Sealed};
use super::table::{facts, text};
use crate::competitions::settings::Timeline;
use crate::web::problems::encode;

const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub struct LaunchArgs {
    /// CSV (also gzip or zip) or Parquet with a target column.
    table: PathBuf,
    /// Name of the column to predict.
    #[arg(long)]
    target: String,
    /// The title of the competition; its address is made from it.
    #[arg(long)]
    title: String,
    /// Name in the address; made from the title if left out.
    #[arg(long)]
    slug: Option<String>,
    /// Length of the competition in days.
    #[arg(long, default_value_t = Timeline::PROPOSED_DAYS)]
    days: u32,
    /// Why you launch despite a FAIL of the audit, or with a metric of your own that it could not judge; all participants can read it beside the rules.
    #[arg(long, value_name = "TEXT")]
    audit_reason: Option<String>,
    /// Launch without asking for confirmation.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub struct LaunchDraftArgs {
    #[command(flatten)]
    of: Competition,
    /// Start now and last this many days; the timeline is unchanged if left out.
    #[arg(long)]
    days: Option<u32>,
    /// Why you launch despite a FAIL of the audit, or with a metric of your own that it could not judge; all participants can read it beside the rules.
    #[arg(long, value_name = "TEXT")]
    audit_reason: Option<String>,
    /// Launch without asking for confirmation.
    #[arg(long)]
    yes: bool,
}

/// Makes and launches a competition from one table.
pub fn launch(session: &Session, args: &LaunchArgs) -> Outcome {
    let client = &session.client;
    let draft = client.post("/api/v1/competitions", &json!({ "title": args.title, "slug": args.slug }))?;
    let slug = text(&draft, "slug");
    let of = Competition::named(slug.clone());
    session.screen.note(&format!("Draft {}/c/{slug}", client.server()));
    let path = of.api(&format!("/table?target={}&sealed=true", encode(&args.target)));
    Sealed { method: Method::Post, path: &path, file: &args.table, of: &of, purpose: "table" }
        .send(session)?;
    session.screen.note(&format!("Sealed and sent {}; a scorer reads it.", args.table.display()));

    let proposal = wait_for_proposal(session, &of).inspect_err(|_| {
        session.screen.note(&format!(
            "The draft keeps the table. If the column was wrong: holdout host table {slug} --target COLUMN. If the \
            file was wrong: holdout host discard {slug}"
        ));
    })?;
    session.screen.note(&describe(session.screen.paint(), &proposal));
    let args =
        LaunchDraftArgs { of, days: Some(args.days), audit_reason: args.audit_reason.clone(), yes: args.yes };
    launch_draft(session, &args).inspect_err(|_| {
        session.screen.note(&format!("The draft is kept. To continue: holdout host launch {slug}"));
    })
}

/// Launches a draft.
pub fn launch_draft(session: &Session, args: &LaunchDraftArgs) -> Outcome {
    let address = format!("{}/c/{}", session.client.server(), args.of.slug);
    match decide(session, &args.of, args.days, args.audit_reason.as_deref(), args.yes)? {
        Some(launched) => {
            session.screen.answer(&launched, |paint| paint.good(&format!("Launched: {address}")));
        }
        None => session.screen.answer(&json!({ "launched": false, "slug": args.of.slug }), |_| {
            format!("Not launched. Review it at {address}/host.")
        }),
    }
    Ok(())
}

/// Has the audit look at a contest of that length, where one is said; waits for the report, shows what is remarkable in
/// it, asks, and launches. `None` where the host said no.
///
/// # Errors
/// Those of the server; what stands between the draft and its launch.
pub fn decide(
    session: &Session,
    of: &Competition,
    days: Option<u32>,
    audit_reason: Option<&str>,
    is_sure: bool,
) -> Outcome<Option<Value>> {
    if let Some(days) = days {
        session.client.patch(&of.api(""), &json!({ "days": days }))?;
    }
    let report = wait(session, of)?;
    let told = report["report"]["findings"].as_array().into_iter().flatten();
    let remarkable: Vec<&Value> = told.filter(|finding| finding["verdict"] != "PASS").collect();
    if !remarkable.is_empty() {
        session.screen.note(&findings(session.screen.paint(), &json!(remarkable)));
    }
    if report["wants_audit_reason"] == true && audit_reason.is_none() {
        let slug = &of.slug;
        let found = match report["report"]["audit"]["overall"].as_str() {
            Some("NOT_JUDGED") => "could not judge your metric",
            _ => "found a FAIL: this metric can be gamed on these labels",
        };
        return Err(CliError::Refused(format!(
            "The audit {found} (holdout host audit {slug}). Choose another metric, or say with --audit-reason why \
            you are launching anyway; all participants can read it beside the rules."
        )));
    }
    if !session.screen.confirm("Launch it?", is_sure)? {
        return Ok(None);
    }
    session.client.post(&of.api("/launch"), &json!({ "days": days, "audit_reason": audit_reason })).map(Some)
}

/// # Errors
/// Those of the server; why the table cannot be used.
pub fn wait_for_proposal(session: &Session, of: &Competition) -> Outcome<Value> {
    let line = session.screen.waiting("a scorer reads the table");
    loop {
        let table = session.client.get(&of.api("/table"))?;
        if !table["proposal"].is_null() {
            line.finish_and_clear();
            return Ok(table["proposal"].clone());
        }
        if !table["rejection"].is_null() {
            return Err(CliError::Rejected(text(&table["rejection"], "message")));
        }
        refuse_failure(&table)?;
        sleep(PAUSE);
    }
}

pub fn describe(paint: Paint, proposal: &Value) -> String {
    let mut told = vec![facts(
        paint,
        &[
            ("id column", text(proposal, "id_column")),
            ("target", text(proposal, "target_column")),
            ("rows", format!("{} to train, {} to test", proposal["n_train"], proposal["n_test"])),
            ("metric", format!("{} ({})", text(proposal, "metric"), text(proposal, "metric_reason"))),
        ],
    )];
    let remarks = proposal["remarks"].as_array().into_iter().flatten().filter_map(Value::as_str);
    told.extend(remarks.map(|remark| format!("note: {remark}")));
    told.join("\n")
}
