//! A competition's settings: what is not given stays as it is, and is shown.

use clap::Args;
use serde_json::{Map, Value, json};

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::Outcome;
use crate::cli::table::{cell, facts, local_and_relative, size, text};

#[derive(Debug, Args)]
pub struct CreateArgs {
    #[arg(long)]
    title: String,
    /// Name in the address; made from the title if left out.
    #[arg(long)]
    slug: Option<String>,
    #[arg(long, default_value = "")]
    subtitle: String,
}

pub fn create(session: &Session, args: &CreateArgs) -> Outcome {
    let wish = json!({ "title": args.title, "slug": args.slug, "subtitle": args.subtitle });
    let draft = session.client.post("/api/v1/competitions", &wish)?;
    session
        .screen
        .answer(&draft, |_| format!("Draft {}/c/{}", session.client.server(), text(&draft, "slug")));
    Ok(())
}

#[derive(Debug, Args)]
pub struct DiscardArgs {
    #[command(flatten)]
    of: Competition,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

pub fn discard(session: &Session, args: &DiscardArgs) -> Outcome {
    let question = format!(
        "The pages, data, solution and metric of {} will be deleted permanently. Continue?",
        args.of.slug
    );
    let goes_on = session.screen.confirm(&question, args.yes)?;
    if goes_on {
        session.client.delete(&args.of.api(""))?;
    }
    session.screen.answer(&json!({ "slug": args.of.slug, "deleted": goes_on }), |_| {
        if goes_on { format!("{} is deleted.", args.of.slug) } else { "Nothing was deleted.".to_owned() }
    });
    Ok(())
}

#[derive(Debug, Args)]
pub struct UnlaunchArgs {
    #[command(flatten)]
    of: Competition,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

pub fn unlaunch(session: &Session, args: &UnlaunchArgs) -> Outcome {
    let question = format!(
        "{} will be a draft again, which only its hosts see. Nobody who was invited is told again. Continue?",
        args.of.slug
    );
    let goes_on = session.screen.confirm(&question, args.yes)?;
    let now = if goes_on {
        session.client.delete(&args.of.api("/launch"))?
    } else {
        session.client.get(&args.of.api(""))?
    };
    session.screen.answer(&now, |_| format!("{} is {}.", args.of.slug, text(&now, "state")));
    Ok(())
}

/// Changes what is given and returns the competition as it is then.
pub(super) fn edit(session: &Session, of: &Competition, wishes: &[(&str, Option<Value>)]) -> Outcome<Value> {
    let given = wishes.iter().filter_map(|(name, wish)| Some(((*name).to_owned(), wish.clone()?)));
    let change: Map<String, Value> = given.collect();
    if change.is_empty() {
        return session.client.get(&of.api(""));
    }
    session.client.patch(&of.api(""), &Value::Object(change))
}

pub(super) fn wish<T: Into<Value> + Clone>(value: &Option<T>) -> Option<Value> {
    value.clone().map(Into::into)
}

#[derive(Debug, Args)]
pub struct SettingsArgs {
    #[command(flatten)]
    of: Competition,
    #[arg(long)]
    title: Option<String>,
    /// A new name in the address.
    #[arg(long)]
    slug: Option<String>,
    #[arg(long)]
    subtitle: Option<String>,
}

pub fn settings(session: &Session, args: &SettingsArgs) -> Outcome {
    let wishes =
        [("title", wish(&args.title)), ("slug", wish(&args.slug)), ("subtitle", wish(&args.subtitle))];
    let now = edit(session, &args.of, &wishes)?;
    session.screen.answer(&now, |paint| {
        let fields = ["title", "slug", "subtitle", "state", "visibility", "metric"];
        facts(paint, &fields.map(|field| (field, text(&now, field))))
    });
    Ok(())
}

#[derive(Debug, Args)]
pub struct LimitsArgs {
    #[command(flatten)]
    of: Competition,
    /// Submissions per team and day.
    #[arg(long)]
    daily: Option<u32>,
    /// Submissions per team in the whole competition; 0 for no total limit.
    #[arg(long)]
    total: Option<u32>,
    /// Submissions that a team chooses for the final board.
    #[arg(long)]
    finals: Option<u32>,
    /// People in a team.
    #[arg(long)]
    team: Option<u32>,
    /// Largest submission file, in MiB.
    #[arg(long, value_name = "MIB")]
    upload: Option<u64>,
    /// Decimals of a score while the competition is open.
    #[arg(long)]
    decimals: Option<u32>,
    /// Whether the public board is a Ladder, before the launch: auto (as Holdout proposes), on or off. On a Ladder a
    /// team sees a new score only when it is better than its best one by more than chance.
    #[arg(long, value_name = "CHOICE")]
    ladder: Option<String>,
    /// What the board shows while the competition is open: everybody, names_hidden (other teams under pseudonyms) or own_row
    /// (only each team's own row). After the launch it can show less, but not more.
    #[arg(long, value_name = "CHOICE")]
    board: Option<String>,
    /// Whether the board shows no more than that after the end.
    #[arg(long, value_name = "TRUE|FALSE")]
    board_stays: Option<bool>,
    /// Whether hosts may have the files that participants send; after the launch it can only be turned off.
    #[arg(long, value_name = "TRUE|FALSE")]
    files_for_hosts: Option<bool>,
}

pub fn limits(session: &Session, args: &LimitsArgs) -> Outcome {
    let wishes = [
        ("daily_limit", wish(&args.daily)),
        ("total_limit", wish(&args.total)),
        ("final_limit", wish(&args.finals)),
        ("team_limit", wish(&args.team)),
        ("max_upload_bytes", args.upload.map(|mib| json!(mib << 20))),
        ("score_decimals", wish(&args.decimals)),
        ("ladder", wish(&args.ladder)),
        ("board_shows", wish(&args.board)),
        ("board_stays_veiled", wish(&args.board_stays)),
        ("hosts_may_have_files", wish(&args.files_for_hosts)),
    ];
    let now = edit(session, &args.of, &wishes)?;
    session.screen.answer(&now, |paint| {
        facts(
            paint,
            &[
                ("submissions a day", cell(&now["daily_limit"])),
                (
                    "submissions in all",
                    now["total_limit"].as_i64().map_or_else(String::new, |n| n.to_string()),
                ),
                ("final selections", cell(&now["final_limit"])),
                ("people a team", cell(&now["team_limit"])),
                ("largest file", size(&now["max_upload_bytes"])),
                ("decimals", cell(&now["score_decimals"])),
                ("ladder", text(&now, "ladder")),
                ("board shows", text(&now, "board_shows")),
                ("even after the end", cell(&now["board_stays_veiled"])),
                ("files for hosts", cell(&now["hosts_may_have_files"])),
            ],
        )
    });
    Ok(())
}

#[derive(Debug, Args)]
pub struct MedalsArgs {
    #[command(flatten)]
    of: Competition,
    /// Whether it counts from now on.
    #[arg(long, value_name = "TRUE|FALSE")]
    count: Option<bool>,
}

pub fn medals(session: &Session, args: &MedalsArgs) -> Outcome {
    if let Some(count) = args.count {
        session.client.put(&args.of.api("/medals"), &json!({ "count": count }))?;
    }
    let now = session.client.get(&args.of.api(""))?;
    session.screen.answer(&now, |_| match now["counts_for_medals"].as_bool() {
        Some(true) => "It counts for medals, points and tiers.".to_owned(),
        Some(false) => "It does not count for medals, points and tiers.".to_owned(),
        None => "It is proposed at the launch whether it counts for medals.".to_owned(),
    });
    Ok(())
}

#[derive(Debug, Args)]
pub struct TimelineArgs {
    #[command(flatten)]
    of: Competition,
    /// 2026-11-30T18:00:00Z, or with another zone: 2026-11-30T19:00:00+01:00.
    #[arg(long, value_name = "TIME")]
    starts: Option<String>,
    /// Enter until: the last moment.
    #[arg(long, value_name = "TIME")]
    enter_until: Option<String>,
    /// Last moment to merge teams.
    #[arg(long, value_name = "TIME")]
    merge_until: Option<String>,
    #[arg(long, value_name = "TIME")]
    ends: Option<String>,
    /// After the launch: why a time moves; everyone can read it.
    #[arg(long)]
    reason: Option<String>,
}

pub fn timeline(session: &Session, args: &TimelineArgs) -> Outcome {
    let wishes = [
        ("starts_at", wish(&args.starts)),
        ("entry_deadline_at", wish(&args.enter_until)),
        ("merger_deadline_at", wish(&args.merge_until)),
        ("ends_at", wish(&args.ends)),
        ("reason", wish(&args.reason)),
    ];
    let now = edit(session, &args.of, &wishes)?;
    session.screen.answer(&now, |paint| {
        let named = [
            ("begins", "starts_at"),
            ("enter until", "entry_deadline_at"),
            ("merge until", "merger_deadline_at"),
            ("ends", "ends_at"),
        ];
        facts(paint, &named.map(|(name, field)| (name, local_and_relative(&now[field]))))
    });
    Ok(())
}
