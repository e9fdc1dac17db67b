//! The whole board as CSV. Packed, as browsers and programs ask for it, it is made once a revision and kept; plain, or
//! where it is very long, it is made page by page while it is sent.
//!
//! While a competition is open scores carry the shown decimals only.

use std::io::Write as _;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use holdout_contract::ranks::{RankedPart, ShownMetric};

use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::Competition;
use crate::error::Result;
use crate::leaderboard::cache::BoardKey;
use crate::leaderboard::model::{Key, Row, View};
use crate::leaderboard::read;
use crate::leaderboard::sight::{Audience, BoardSight};
use crate::leaderboard::viewed::ViewedBoard;
use crate::web::csv::{self, cell};
use crate::web::format;
use crate::web::packing;

/// Rows read at once.
const ROWS_A_READ: i64 = 1000;
/// Longer boards are not kept: one of so many teams takes about 1 MB.
const MOST_KEPT_TEAMS: i32 = 30_000;

/// The board as an answer: [`StatusCode::NOT_MODIFIED`] where the asker has it, packed where they take that.
///
/// # Errors
/// Those of the database; once the first byte is sent, it ends early.
pub async fn send(app: App, board: ViewedBoard, asked: &HeaderMap) -> Result<Response> {
    let ViewedBoard { seen: Seen { competition, .. }, view, sight } = board;
    let etag = read::etag(&competition, view, &sight);
    let etag_value = HeaderValue::try_from(&etag).map_err(anyhow::Error::from)?;
    if crate::api::tags::matches(asked, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag_value)]).into_response());
    }
    let attachment = csv::attachment(&format!("{}-leaderboard.csv", competition.slug))?;
    if let Some(audience) = sight.audience()
        && packing::is_taken(asked)
        && competition.n_teams <= MOST_KEPT_TEAMS
    {
        let packed = packed(&app, &competition, view, &sight, audience).await?;
        let encoding = [(header::CONTENT_ENCODING, "gzip"), (header::VARY, "accept-encoding")];
        return Ok(([(header::ETAG, etag_value)], encoding, attachment, Body::from(packed)).into_response());
    }
    let (competition, sight) = (Arc::new(competition), Arc::new(sight));
    let lines = stream::try_unfold((Some(Key::first()), true), move |(after, is_first)| {
        let (app, competition, sight) = (app.clone(), competition.clone(), sight.clone());
        async move {
            let Some(after) = after else { return Ok::<_, crate::error::AppError>(None) };
            let (text, next) = part(&app, &competition, view, &sight, after, is_first).await?;
            Ok(Some((text, (next, false))))
        }
    });
    Ok(([(header::ETAG, etag_value)], attachment, Body::from_stream(lines)).into_response())
}

/// The whole board, packed. Whoever asks while it is made waits for the same.
async fn packed(
    app: &App,
    competition: &Competition,
    view: View,
    sight: &BoardSight,
    audience: Audience,
) -> Result<Bytes> {
    let key = (BoardKey::of(competition, view), audience);
    if let Some(packed) = app.boards.packed.get(&key) {
        return Ok(packed);
    }
    let _packing = app.boards.packing.lock().await;
    if let Some(packed) = app.boards.packed.get(&key) {
        return Ok(packed);
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let (mut after, mut is_first) = (Some(Key::first()), true);
    while let Some(key) = after {
        let (text, next) = part(app, competition, view, sight, key, is_first).await?;
        gzip.write_all(text.as_bytes()).map_err(anyhow::Error::from)?;
        (after, is_first) = (next, false);
    }
    let packed = Bytes::from(gzip.finish().map_err(anyhow::Error::from)?);
    app.boards.packed.put(key, packed.clone());
    Ok(packed)
}

/// The lines after a key, below the heading where they are the first, and the key of what follows.
///
/// # Errors
/// Those of the database.
pub async fn part(
    app: &App,
    competition: &Competition,
    view: View,
    sight: &BoardSight,
    after: Key,
    is_first: bool,
) -> Result<(String, Option<Key>)> {
    let decimals = (!view.is_private()).then(|| view.decimals(competition));
    let rows = read::page(app, competition, view, sight, after, ROWS_A_READ).await?;
    let mut text = String::with_capacity(rows.len() * 80 + 80);
    if is_first {
        push_heading(&mut text, competition.ranked_by(), competition.secondary(), view.is_private());
    }
    let n_parts = competition.ranked_by().len();
    let n_secondary = competition.secondary().len();
    let site = view.is_private().then(|| app.config.public_url.trim_end_matches('/'));
    rows.iter().for_each(|row| push_line(&mut text, row, decimals, [n_parts, n_secondary], site));
    let next = rows.last().filter(|_| rows.len() as i64 == ROWS_A_READ).map(|row| row.key);
    Ok((text, next))
}

/// Teams ranked by several metrics have further columns: mean rank, and value and rank under each. Secondary metrics have
/// one each. The final board has the addresses of write-ups.
fn push_heading(text: &mut String, parts: &[RankedPart], secondary: &[ShownMetric], is_final: bool) {
    text.push_str("rank,change,team,members,score,entries,last_entry_at,is_baseline");
    for metric in secondary {
        text.push_str(&format!(",{}", cell(&metric.name)));
    }
    text.push_str(if parts.is_empty() { "" } else { ",mean_rank" });
    for part in parts {
        text.push_str(&format!(",{},{}", cell(&part.name), cell(&format!("rank by {}", part.name))));
    }
    text.push_str(",rank_low,rank_high");
    text.push_str(if is_final { ",write_up\r\n" } else { "\r\n" });
}

fn push_line(
    text: &mut String,
    row: &Row,
    decimals: Option<i32>,
    [n_parts, n_secondary]: [usize; 2],
    site: Option<&str>,
) {
    let names: Vec<&str> = row.people.iter().map(|person| person.display_name.as_str()).collect();
    let number =
        |score: f64| decimals.map_or_else(|| score.to_string(), |decimals| format::score(score, decimals));
    let mut cells = vec![
        row.rank.map(|rank| rank.to_string()).unwrap_or_default(),
        row.change.map(|change| change.to_string()).unwrap_or_default(),
        cell(&row.team),
        cell(&names.join("; ")),
        row.score.map(number).unwrap_or_default(),
        row.n_entries.to_string(),
        format::machine_time(&row.last_entry_at),
        row.is_baseline.to_string(),
    ];
    let secondary = |at: usize| row.secondary.get(at).copied().map(number).unwrap_or_default();
    cells.extend((0..n_secondary).map(secondary));
    match &row.ranked {
        Some(ranked) => {
            cells.push(ranked.mean_rank.to_string());
            cells.extend(ranked.parts.iter().flat_map(|part| [number(part.score), part.rank.to_string()]));
        }
        None if n_parts > 0 => cells.extend(vec![String::new(); 1 + 2 * n_parts]),
        None => {}
    }
    match row.range {
        Some(range) => cells.extend([range.low.to_string(), range.high.to_string()]),
        None => cells.extend([String::new(), String::new()]),
    }
    if let Some(site) = site {
        let address = row.write_up_address().map(|address| format!("{site}{address}"));
        cells.push(address.unwrap_or_default());
    }
    text.push_str(&csv::line(&cells));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaderboard::model::Ranked;

    #[test]
    fn a_line_shows_no_more_digits_than_the_board() {
        let mut text = String::new();
        push_line(&mut text, &Row::sample(), Some(3), [0, 0], None);
        let line = "1,2,Ada & friends,Ada,0.912,7,1970-01-01T00:00:00Z,false,1,4";
        assert_eq!(text, format!("{line}\r\n"));
        text.clear();
        push_line(&mut text, &Row::sample(), Some(3), [0, 0], Some("https://holdout.example"));
        assert_eq!(text, format!("{line},https://holdout.example/topics/1\r\n"));
    }

    #[test]
    fn every_metric_has_columns_of_its_own() {
        let mut text = String::new();
        push_heading(&mut text, &Competition::sample_parts(), &[], false);
        let row = Row { ranked: Some(Ranked::sample()), ..Row::sample() };
        push_line(&mut text, &row, Some(3), [2, 0], None);
        push_line(&mut text, &Row { score: None, ..Row::sample() }, Some(3), [2, 0], None);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].ends_with(
            ",is_baseline,mean_rank,roc_auc,rank by roc_auc,log_loss,rank by log_loss,rank_low,rank_high"
        ));
        assert!(lines[1].ends_with(",false,1.75,0.912,1,0.250,2.5,1,4"), "{}", lines[1]);
        assert!(lines[2].ends_with(",false,,,,,,1,4"), "{}", lines[2]);
    }

    #[test]
    fn secondary_metrics_have_a_column_each() {
        let mut text = String::new();
        push_heading(&mut text, &[], &Competition::sample_shown()[1..], false);
        push_line(&mut text, &Row { secondary: vec![0.25], ..Row::sample() }, Some(3), [0, 1], None);
        push_line(&mut text, &Row::sample(), Some(3), [0, 1], None);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].ends_with(",is_baseline,log_loss,rank_low,rank_high"), "{}", lines[0]);
        assert!(lines[1].ends_with(",false,0.250,1,4"), "{}", lines[1]);
        assert!(lines[2].ends_with(",false,,1,4"), "{}", lines[2]);
    }
}
