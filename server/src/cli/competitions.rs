//! Which competitions there are, and where one stands.

use clap::Args;
use serde_json::{Value, json};

use super::Session;
use super::account::or_nothing;
use super::competition::Competition;
use super::fault::Outcome;
use super::screen::Paint;
use super::table::{Table, allowance, cell, facts, items, local, local_and_relative, text};
use crate::web::format;
use crate::web::problems::encode;

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those with these words in the title, subtitle or name.
    #[arg(long)]
    search: Option<String>,
    /// Only those that accept submissions now.
    #[arg(long)]
    open: bool,
    /// Only those you host, take part in or are invited to, including drafts.
    #[arg(long)]
    mine: bool,
    /// How many to show.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Continue a list from where it ended: the key it printed.
    #[arg(long, value_name = "WORD")]
    before: Option<String>,
}

pub fn list(session: &Session, args: &ListArgs) -> Outcome {
    let (found, next) = if args.mine { (mine(session, args)?, None) } else { everybodys(session, args)? };
    let document = json!({ "items": found, "next": next });
    session.screen.answer(&document, |paint| draw(paint, &found, args.mine));
    session.screen.tell_of_more("--before", &document["next"]);
    Ok(())
}

fn is_wanted(args: &ListArgs, card: &Value) -> bool {
    let wanted = args.search.as_deref().unwrap_or_default().to_lowercase();
    let said = ["slug", "title", "subtitle"].map(|field| text(card, field).to_lowercase()).join(" ");
    (!args.open || card["state"] == "open") && wanted.split_whitespace().all(|word| said.contains(word))
}

fn mine(session: &Session, args: &ListArgs) -> Outcome<Vec<Value>> {
    let lists = session.client.get("/api/v1/me/competitions")?;
    let listed = |list: &str| lists[list].as_array().cloned().unwrap_or_default();
    let with_role = |cards: Vec<Value>, role: &str| -> Vec<Value> {
        let named = cards.into_iter().map(|mut card| {
            card["role"] = json!(role);
            card
        });
        named.collect()
    };
    let mut all = with_role(whole(session, "hosted", listed("hosted"))?, "host");
    let is_hosted = |card: &Value, hosted: &[Value]| hosted.iter().any(|other| other["slug"] == card["slug"]);
    let joined = with_role(whole(session, "joined", listed("joined"))?, "participant");
    all.extend(joined.into_iter().filter(|card| !is_hosted(card, all.as_slice())).collect::<Vec<_>>());
    all.extend(with_role(listed("invited"), "invited"));
    all.retain(|card| is_wanted(args, card));
    all.truncate(args.limit);
    Ok(all)
}

/// As many of one's own as the server tells at once.
const TOLD_AT_ONCE: usize = 200;

/// A list of one's own that may go on behind its beginning.
fn whole(session: &Session, list: &str, beginning: Vec<Value>) -> Outcome<Vec<Value>> {
    if beginning.len() < TOLD_AT_ONCE {
        return Ok(beginning);
    }
    let mut all = Vec::new();
    let mut before = String::new();
    loop {
        let path = format!("/api/v1/me/competitions/{list}?limit={TOLD_AT_ONCE}{before}");
        let part = session.client.get(&path)?;
        all.extend(items(&part).iter().cloned());
        match part["next"].as_i64() {
            Some(next) => before = format!("&before={next}"),
            None => return Ok(all),
        }
    }
}

/// Reads part by part until there are enough; the last to end come first, so that no open one follows a
/// closed one.
fn everybodys(session: &Session, args: &ListArgs) -> Outcome<(Vec<Value>, Option<String>)> {
    let mut found = Vec::new();
    let mut before = args.before.clone();
    loop {
        let query = before.as_deref().map_or_else(String::new, |word| format!("?before={}", encode(word)));
        let part = session.client.get(&format!("/api/v1/competitions{query}"))?;
        let cards = items(&part);
        found.extend(cards.iter().filter(|card| is_wanted(args, card)).cloned());
        before = part["next"].as_str().map(str::to_owned);
        let is_past = args.open
            && cards.last().is_some_and(|card| card["state"] != "open" && card["state"] != "upcoming");
        if before.is_none() || is_past {
            before = None;
            break;
        }
        if found.len() >= args.limit {
            break;
        }
    }
    // Parts are whole: a longer list would lose what lies between its end and the next part.
    if before.is_none() {
        found.truncate(args.limit.max(1));
    }
    Ok((found, before))
}

fn draw(paint: Paint, cards: &[Value], has_roles: bool) -> String {
    let mut header = vec!["name", "title", "state", "ends", "teams", "metric"];
    if has_roles {
        header.push("you are");
    }
    let mut table = Table::new(&header);
    for card in cards {
        let mut cells = vec![
            cell(&card["slug"]),
            cell(&card["title"]),
            cell(&card["state"]),
            local_and_relative(&card["ends_at"]),
            cell(&card["n_teams"]),
            cell(&card["metric"]),
        ];
        if has_roles {
            cells.push(cell(&card["role"]));
        }
        table.row(cells);
    }
    table.draw(paint, "No competitions found.")
}

pub fn show(session: &Session, competition: &str) -> Outcome {
    let base = format!("/api/v1/competitions/{}", encode(competition));
    let mut found = session.client.get(&base)?;
    if found["has_joined"] == true {
        found["allowance"] = or_nothing(session.client.get(&format!("{base}/allowance")))?;
    }
    session.screen.answer(&found, |paint| describe(paint, session.client.server(), &found));
    Ok(())
}

fn describe(paint: Paint, server: &str, found: &Value) -> String {
    let better = match found["higher_is_better"].as_bool() {
        Some(true) => " (higher is better)",
        Some(false) => " (lower is better)",
        None => "",
    };
    let standing = match (found["is_host"] == true, found["has_joined"] == true) {
        (true, true) => "host, and take part".to_owned(),
        (true, false) => "host".to_owned(),
        (false, true) => "take part".to_owned(),
        (false, false) => {
            let slug = text(found, "slug");
            format!(
                "not in it; read the rules at {server}/c/{slug}/join and accept them: holdout join {slug}"
            )
        }
    };
    let when =
        |field: &str| if found[field].is_null() { String::new() } else { local_and_relative(&found[field]) };
    let left = if found["allowance"].is_object() { allowance(&found["allowance"]) } else { String::new() };
    let head = format!("{}\n{}", paint.bold(&text(found, "title")), text(found, "subtitle"));
    let facts = facts(
        paint,
        &[
            ("state", text(found, "state")),
            ("you", standing),
            ("submissions", left),
            ("begins", when("starts_at")),
            ("enter until", when("entry_deadline_at")),
            ("merge until", when("merger_deadline_at")),
            ("ends", when("ends_at")),
            ("metric", format!("{}{better}", cell(&found["metric"]))),
            ("limits", limits(found)),
            ("board", board(found)),
            ("hosts", hosts(found)),
            ("teams", format!("{}, with {} submissions", found["n_teams"], found["n_entries"])),
        ],
    );
    format!("{}\n{facts}", head.trim_end())
}

fn hosts(found: &Value) -> String {
    let hosts = found["hosts"].as_array().into_iter().flatten();
    hosts.map(|host| text(host, "display_name")).collect::<Vec<_>>().join(", ")
}

/// Empty where it shows everything.
fn board(found: &Value) -> String {
    let stays = if found["board_stays_veiled"] == true { ", even after the end" } else { " until the end" };
    match text(found, "board_shows").as_str() {
        "names_hidden" => format!("names hidden{stays}"),
        "own_row" => format!("only your own row{stays}"),
        _ => String::new(),
    }
}

fn limits(found: &Value) -> String {
    format!(
        "{} submissions a day{}, {} final selections, {} people a team, files up to {}",
        found["daily_limit"],
        found["total_limit"].as_i64().map_or_else(String::new, |total| format!(", {total} in all")),
        found["final_limit"],
        found["team_limit"],
        format::limit(found["max_upload_bytes"].as_u64().unwrap_or(0))
    )
}

#[derive(Debug, Args)]
pub struct ChangesArgs {
    #[command(flatten)]
    of: Competition,
    /// How many to show.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Continue after this one.
    #[arg(long, value_name = "KEY")]
    before: Option<i64>,
}

pub fn changes(session: &Session, args: &ChangesArgs) -> Outcome {
    let before = args.before.map_or_else(String::new, |key| format!("&before={key}"));
    let slug = encode(&args.of.slug);
    let found =
        session.client.get(&format!("/api/v1/competitions/{slug}/changes?limit={}{before}", args.limit))?;
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&["when", "what", "why"]);
        for change in items(&found) {
            table.row([local(&change["changed_at"]), text(change, "sentence"), text(change, "note")]);
        }
        table.draw(paint, "Nothing has changed since the launch.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}

#[derive(Debug, Args)]
pub struct JoinArgs {
    #[command(flatten)]
    pub of: Competition,
    /// The secret of an invitation link, or the whole link.
    #[arg(long, value_name = "LINK")]
    invitation: Option<String>,
    /// Show the hosts, beside your user name, the address by which they invited you: they match results with their list by it.
    #[arg(long)]
    show_address: bool,
}

pub fn join(session: &Session, args: &JoinArgs) -> Outcome {
    let slug = &args.of.slug;
    let base = format!("/api/v1/competitions/{}", encode(slug));
    if let Some(link) = &args.invitation {
        let secret = link.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        session.client.post(&format!("{base}/invitations/accept"), &json!({ "secret": secret }))?;
    }
    let wish = json!({ "accept_rules": true, "show_invited_address": args.show_address });
    let joined = session.client.post(&format!("{base}/join"), &wish)?;
    session.screen.answer(&joined, |_| {
        let late = if joined["is_late"] == true {
            " It has ended: submissions are scored but never ranked."
        } else {
            ""
        };
        format!("You take part in {slug}.{late}")
    });
    session.screen.note(&format!("Next: holdout download {slug} --into data"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_looks_at_every_word() {
        let args = |search: &str, open| ListArgs {
            search: Some(search.to_owned()),
            open,
            mine: false,
            limit: 9,
            before: None,
        };
        let card =
            json!({ "slug": "tumours", "title": "Malignant or benign?", "subtitle": "", "state": "closed" });
        assert!(is_wanted(&args("benign TUMOUR", false), &card));
        assert!(!is_wanted(&args("benign house", false), &card));
        assert!(!is_wanted(&args("benign", true), &card), "it is closed");
    }
}
