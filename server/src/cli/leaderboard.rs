//! The board: from the top, around one's own team, or whole as CSV.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::Session;
use super::competition::Competition;
use super::fault::{CliError, Outcome};
use super::final_board;
use super::screen::Paint;
use super::table::{Table, cell, items, local, one_line};
use crate::leaderboard::model::MEAN_RANK_DECIMALS;
use crate::web::format;
use crate::web::problems::encode;

/// Rows above and below one's own team.
const AROUND: usize = 5;
/// The largest part that the server gives.
const LARGEST_PART: usize = 200;

#[derive(Debug, Args)]
pub struct BoardArgs {
    #[command(flatten)]
    of: Competition,
    /// How many rows.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Continue from where a page ended: the key it printed.
    #[arg(long, value_name = "WORD")]
    after: Option<String>,
    /// Show the rows around your own team.
    #[arg(long, conflicts_with_all = ["after", "csv"])]
    around_me: bool,
    /// Only teams with this in their name, or with a member of this user name.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["after", "csv", "around_me", "how_sure", "other_metrics"])]
    find: Option<String>,
    /// The public board, even after the end.
    #[arg(long)]
    public: bool,
    /// The whole board as CSV, to stdout or into a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-", conflicts_with = "after")]
    csv: Option<PathBuf>,
    /// After the end: how sure the ranks are.
    #[arg(long, conflicts_with_all = ["after", "around_me", "csv", "public"])]
    how_sure: bool,
    /// After the end: whether another metric would have changed the winner.
    #[arg(long, conflicts_with_all = ["after", "around_me", "csv", "public", "how_sure"])]
    other_metrics: bool,
}

pub fn leaderboard(session: &Session, args: &BoardArgs) -> Outcome {
    let base = args.of.api("/leaderboard");
    if let Some(target) = &args.csv {
        return write_csv(session, args, &base, target);
    }
    if args.how_sure {
        return final_board::how_sure(session, &base);
    }
    if args.other_metrics {
        return final_board::other_metrics(session, &base);
    }
    let board = if args.around_me { around_me(session, args, &base)? } else { part(session, args, &base)? };
    session.screen.answer(&board, |paint| draw(paint, &board));
    for sentence in veil(&board).map(str::to_owned).into_iter().chain(noise(&board)) {
        session.screen.note(&sentence);
    }
    session.screen.tell_of_more("--after", &board["next"]);
    Ok(())
}

fn ask(session: &Session, args: &BoardArgs, base: &str, limit: usize, after: Option<&str>) -> Outcome<Value> {
    let which = if args.public { "&board=public" } else { "" };
    let after = after.map_or_else(String::new, |word| format!("&after={}", encode(word)));
    let find = args.find.as_ref().map_or_else(String::new, |words| format!("&team={}", encode(words)));
    session.client.get(&format!("{base}?limit={limit}{which}{after}{find}"))
}

/// As many rows as are wanted, in as many requests as that takes.
fn part(session: &Session, args: &BoardArgs, base: &str) -> Outcome<Value> {
    let limit = |n_rows: usize| args.limit.saturating_sub(n_rows).clamp(1, LARGEST_PART);
    let mut board = ask(session, args, base, limit(0), args.after.as_deref())?;
    let mut rows = items(&board).to_vec();
    while rows.len() < args.limit
        && let Some(word) = board["next"].as_str()
    {
        board = ask(session, args, base, limit(rows.len()), Some(word))?;
        rows.extend(items(&board).iter().cloned());
    }
    board["items"] = Value::Array(rows);
    Ok(board)
}

fn around_me(session: &Session, args: &BoardArgs, base: &str) -> Outcome<Value> {
    let mut board = ask(session, args, base, LARGEST_PART, None)?;
    if board["own"].is_null() {
        return Err(CliError::NotFound(match board["own_disqualified_because"].as_str() {
            Some(reason) => format!("Your team was disqualified, and is on no board: {}", one_line(reason)),
            None => "Your team is not on this board.".to_owned(),
        }));
    }
    let own = board["own"].clone();
    let mut rows: Vec<Value> = Vec::new();
    loop {
        rows.extend(items(&board).iter().cloned());
        let place = rows.iter().position(|row| is_own(&own, row));
        let next = board["next"].as_str().map(str::to_owned);
        let is_enough = place.is_some_and(|place| rows.len() > place + AROUND);
        match next {
            Some(word) if !is_enough => {
                // What lies far above is not kept.
                if place.is_none() {
                    rows.drain(..rows.len().saturating_sub(AROUND));
                }
                board = ask(session, args, base, LARGEST_PART, Some(&word))?;
            }
            _ => break,
        }
    }
    let place = rows.iter().position(|row| is_own(&own, row)).unwrap_or(0);
    let last = (place + AROUND + 1).min(rows.len());
    board["items"] = json!(rows[place.saturating_sub(AROUND)..last]);
    board["next"] = Value::Null;
    Ok(board)
}

/// Among pseudonyms the own row stands under its own.
fn is_own(own: &Value, row: &Value) -> bool {
    match own["pseudonym"].as_str() {
        Some(pseudonym) => row["team"] == pseudonym,
        None => !own["team_id"].is_null() && row["team_id"] == own["team_id"],
    }
}

fn draw(paint: Paint, board: &Value) -> String {
    let own = &board["own"];
    let is_own = |row: &Value| row == own || is_own(own, row);
    let order = if board["ranked_by"].is_array() { "mean_rank" } else { "score" };
    let title = if order == "mean_rank" { "mean rank" } else { "score" };
    let decimals = decimals(board, order);
    let secondary = board["secondary"].as_array().map_or(&[][..], Vec::as_slice);
    let secondary: Vec<String> = secondary.iter().map(|metric| cell(&metric["name"])).collect();
    let mut headings = vec!["rank", "", "team", title];
    headings.extend(secondary.iter().map(String::as_str));
    headings.extend(["entries", "last entry"]);
    let mut table = Table::new(&headings);
    let mut add = |row: &Value| {
        let team = match row["is_baseline"] == true {
            true => format!("{} (Baseline)", cell(&row["team"])),
            false => cell(&if is_own(row) { own } else { row }["team"]),
        };
        let mark = if is_own(row) { "you".to_owned() } else { String::new() };
        let mut cells = vec![rank(row), mark, team, shown(&row[order], decimals)];
        cells.extend((0..secondary.len()).map(|at| shown(&row["secondary"][at]["score"], decimals)));
        cells.extend([cell(&row["n_entries"]), local(&row["last_entry_at"])]);
        if is_own(row) { table.marked_row(cells) } else { table.row(cells) }
    };
    items(board).iter().for_each(&mut add);
    if !own.is_null() && !items(board).iter().any(is_own) {
        add(own);
    }
    table.draw(paint, nobody(board))
}

/// As many as the page shows.
fn decimals(board: &Value, order: &str) -> Option<i32> {
    match order {
        "mean_rank" => Some(MEAN_RANK_DECIMALS),
        _ => board["score_decimals"].as_i64().and_then(|decimals| i32::try_from(decimals).ok()),
    }
}

fn shown(score: &Value, decimals: Option<i32>) -> String {
    score
        .as_f64()
        .zip(decimals)
        .map_or_else(|| cell(score), |(score, decimals)| format::score(score, decimals))
}

/// Why there are no rows.
fn nobody(board: &Value) -> &'static str {
    match board["shows"].as_str() {
        Some("own_row") => "Each team sees only its own row of this board; yours is not on it.",
        _ => "No teams on the board yet.",
    }
}

/// What of the board the reader does not see, or others do not.
fn veil(board: &Value) -> Option<&'static str> {
    match board["shows"].as_str() {
        Some("pseudonyms") => Some("This board hides names: other teams appear under pseudonyms."),
        Some("own_row") => Some("Each team sees only its own row of this board."),
        _ if board["others_see_less"] == true => Some("Only hosts and administrators see all of this board."),
        _ => None,
    }
}

/// The rank, and behind it the ranks that the team may truly have.
fn rank(row: &Value) -> String {
    match (row["rank_low"].as_i64(), row["rank_high"].as_i64()) {
        (Some(low), Some(high)) if low < high => format!("{} ({low}–{high})", cell(&row["rank"])),
        _ => cell(&row["rank"]),
    }
}

/// Which differences are noise, and which teams were compared; or why nothing is known.
fn noise(board: &Value) -> Option<String> {
    let ranks = &board["ranks"];
    if let Some(absent) = ranks["absent"].as_str() {
        return Some(absent.to_owned());
    }
    let of_parts = || {
        let parts = ranks["parts"].as_array().map_or(&[][..], Vec::as_slice);
        let told = parts.iter().filter_map(|part| Some((part["noise"].as_f64()?, cell(&part["metric"]))));
        let told: Vec<String> = told.map(|(noise, metric)| format!("{noise} in {metric}")).collect();
        (!told.is_empty()).then(|| told.join(", "))
    };
    let noise = ranks["noise"].as_f64().map(|noise| noise.to_string()).or_else(of_parts)?;
    let (n, units) = (&ranks["n_units"], cell(&ranks["unit"]));
    let compared = match (ranks["n_compared"].as_i64(), ranks["n_teams"].as_i64()) {
        (Some(n), Some(n_teams)) if n < n_teams && ranks["is_current"] != false => {
            format!(" Only the first {n} of {n_teams} teams were compared with each other, and have a range.")
        }
        _ => String::new(),
    };
    Some(format!("Differences below {noise} are noise on these {n} {units}.{compared}"))
}

fn write_csv(session: &Session, args: &BoardArgs, base: &str, target: &PathBuf) -> Outcome {
    let which = if args.public { "?board=public" } else { "" };
    let mut csv = session.client.open_text(&format!("{base}.csv{which}"))?;
    if target.as_os_str() == "-" {
        if session.screen.is_json() {
            return Err(CliError::Usage(
                "--csv without a file and --json cannot both write to stdout.".to_owned(),
            ));
        }
        io::copy(&mut csv, &mut io::stdout().lock())?;
        io::stdout().flush()?;
        return Ok(());
    }
    let mut file = File::create(target)
        .map_err(|error| CliError::Refused(format!("{} cannot be written: {error}", target.display())))?;
    let n_bytes = io::copy(&mut csv, &mut file)?;
    let path = target.display().to_string();
    session
        .screen
        .answer(&json!({ "path": path, "size_bytes": n_bytes }), |_| format!("The board is in {path}."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_team_is_marked_and_always_shown() {
        let row =
            |rank: u64, team: &str| json!({ "rank": rank, "team_id": rank, "team": team, "score": 0.5 });
        let mut board = json!({ "items": [row(1, "ada"), row(2, "bob")], "own": row(9, "eve") });
        let drawn = draw(Paint::PLAIN, &board);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines.len(), 4, "{drawn}");
        assert!(lines[3].starts_with("9     you  eve"), "{drawn}");
        let veiled = json!({
            "shows": "pseudonyms",
            "items": [{ "rank": 1, "team_id": null, "team": "Team B" }, { "rank": 2, "team_id": null, "team": "Team X" }],
            "own": { "rank": 2, "team_id": 7, "team": "eve", "pseudonym": "Team X" },
        });
        let drawn = draw(Paint::PLAIN, &veiled);
        assert!(
            drawn.lines().count() == 3 && drawn.contains("you  eve") && !drawn.contains("Team X"),
            "{drawn}"
        );
        (board["items"][1]["rank_low"], board["items"][1]["rank_high"]) = (1.into(), 4.into());
        assert!(draw(Paint::PLAIN, &board).contains("2 (1–4)"));
        assert!(!draw(Paint::PLAIN, &board).contains("0.5000"));
        board["score_decimals"] = 4.into();
        assert!(draw(Paint::PLAIN, &board).contains("bob   0.5000"), "as the page shows it");
        board["ranks"] = json!({ "noise": 0.004, "n_units": 3000, "unit": "rows" });
        assert_eq!(noise(&board).as_deref(), Some("Differences below 0.004 are noise on these 3000 rows."));
        let parts = json!([{ "metric": "mae", "noise": 0.2 }, { "metric": "r2", "noise": null }]);
        let ranked = json!({ "ranks": { "noise": null, "parts": parts, "n_units": 30, "unit": "rows" } });
        assert_eq!(
            noise(&ranked).as_deref(),
            Some("Differences below 0.2 in mae are noise on these 30 rows.")
        );
        (board["ranks"]["n_compared"], board["ranks"]["n_teams"]) = (1000.into(), 7200.into());
        assert!(noise(&board).is_some_and(|text| text.contains("first 1000 of 7200 teams")));
        board["ranks"]["is_current"] = false.into();
        assert!(noise(&board).is_some_and(|text| !text.contains("of 7200 teams")), "of another board");
        board["ranks"] = json!({ "absent": "For this metric no interval is known." });
        assert_eq!(noise(&board).as_deref(), Some("For this metric no interval is known."));
    }
}
