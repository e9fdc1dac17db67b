//! Have final boards made anew from their history, and compared with what is stored.

use clap::Args;
use serde_json::{Value, json};

use super::Session;
use super::fault::{CliError, Outcome};
use super::table::{cell, items, text};
use crate::web::problems::encode;

#[derive(Debug, Args)]
pub struct RecomputeArgs {
    /// Names in the competitions' addresses; every finished competition if left out, for administrators.
    #[arg(value_name = "COMPETITION")]
    competitions: Vec<String>,
    /// One of them, as other commands take it.
    #[arg(short = 'c', long = "competition", value_name = "COMPETITION")]
    behind_a_flag: Vec<String>,
}

pub fn recompute(session: &Session, args: &RecomputeArgs) -> Outcome {
    let named = [&args.competitions[..], &args.behind_a_flag].concat();
    let slugs = if named.is_empty() { all(session)? } else { named };
    let bar = session.screen.steps("boards computed again", slugs.len() as u64);
    let mut boards = Vec::new();
    for slug in &slugs {
        let mut board =
            session.client.get(&format!("/api/v1/competitions/{}/recomputed-board", encode(slug)))?;
        board["slug"] = json!(slug);
        boards.push(board);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let n_different = boards.iter().filter(|board| board["is_same"] != true).count();
    let answer = json!({ "is_same": n_different == 0, "items": boards });
    session.screen.answer(&answer, |paint| {
        let lines = items(&answer).iter().flat_map(lines).collect::<Vec<_>>();
        let same = format!("All {} boards came out the same, to the last digit.", slugs.len());
        if lines.is_empty() { paint.good(&same) } else { lines.join("\n") }
    });
    if n_different > 0 {
        return Err(CliError::Rejected(format!("{n_different} of {} final boards differ.", slugs.len())));
    }
    Ok(())
}

fn all(session: &Session) -> Outcome<Vec<String>> {
    let mut slugs = Vec::new();
    let mut address = "/api/v1/admin/final-boards?limit=200".to_owned();
    loop {
        let part = session.client.get(&address)?;
        slugs.extend(items(&part).iter().map(|one| text(one, "slug")));
        match part["next"].as_i64() {
            Some(next) => address = format!("/api/v1/admin/final-boards?limit=200&before={next}"),
            None => return Ok(slugs),
        }
    }
}

/// A board's differences, a line each.
fn lines(board: &Value) -> Vec<String> {
    let slug = text(board, "slug");
    let differences = board["differences"].as_array().map_or(&[][..], Vec::as_slice);
    let mut lines: Vec<String> = differences
        .iter()
        .map(|one| {
            let (stored, given) = (place(&one["stored"]), place(&one["given"]));
            format!("{slug}: {}: stored {stored}; computed again {given}", text(one, "team"))
        })
        .collect();
    let n_untold = board["n_differences"].as_u64().unwrap_or(0).saturating_sub(lines.len() as u64);
    if n_untold > 0 {
        lines.push(format!("{slug}: {n_untold} more"));
    }
    lines
}

fn place(place: &Value) -> String {
    if place.is_null() {
        return "nowhere".to_owned();
    }
    let medal = place["medal"].as_str().map_or_else(String::new, |medal| format!(", {medal}"));
    format!(
        "rank {} with {} of submission {}, {} people, {:.1} points{medal}",
        place["rank"],
        place["private_score"],
        place["submission_id"],
        cell(&place["n_members"]),
        place["points"].as_f64().unwrap_or(0.0),
    )
}
