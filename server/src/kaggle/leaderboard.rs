//! The leaderboard: by key as the client reads it on, and whole as a CSV in a zip.

use std::io::{Cursor, Write};

use axum::body::to_bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::model::Competition;
use crate::ids::TeamId;
use crate::kaggle::competitions::see;
use crate::kaggle::wire::{Fault, not_a_token, size_of};
use crate::leaderboard::csv;
use crate::leaderboard::model::{Key, Row};
use crate::leaderboard::viewed::ViewedBoard;
use crate::web::format;

/// A board of two million teams is smaller.
const LARGEST_BOARD_BYTES: usize = 256 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BoardAsk {
    competition_name: String,
    override_public: bool,
    page_size: Option<i64>,
    page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Board {
    submissions: Vec<RowJson>,
    next_page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RowJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    team_id: Option<TeamId>,
    team_name: String,
    submission_date: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<String>,
}

async fn board(app: &App, member: &Member, ask: &BoardAsk) -> Result<ViewedBoard, Fault> {
    let seen = see(app, member, &ask.competition_name).await?;
    Ok(ViewedBoard::of(app, seen, ask.override_public, app.clock.now()).await?)
}

/// Rows of the board, best first: the public one, after the end the private one.
///
/// # Errors
/// A sentence for a competition that cannot be seen.
pub async fn show(app: &App, member: &Member, ask: BoardAsk) -> Result<Board, Fault> {
    let after = match ask.page_token.as_str() {
        "" => Key::first(),
        token => token.parse().map_err(|_| not_a_token())?,
    };
    let take = size_of(ask.page_size);
    let board = board(app, member, &ask).await?;
    let part = board.part(app, after, take).await?;
    let next_page_token = part.next.map(|key| key.to_string()).unwrap_or_default();
    let (competition, decimals) = (board.competition(), board.view.decimals(board.competition()));
    let submissions = part.rows.into_iter().map(|row| RowJson {
        score: shown_score(&row, competition, decimals),
        team_id: row.team_id,
        team_name: row.team,
        submission_date: row.last_entry_at,
    });
    Ok(Board { submissions: submissions.collect(), next_page_token })
}

/// The score; where teams are ranked by several metrics, the mean rank, and the score under each.
fn shown_score(row: &Row, competition: &Competition, decimals: i32) -> Option<String> {
    let Some(ranked) = &row.ranked else { return row.score.map(|score| format::score(score, decimals)) };
    let parts = competition.ranked_by().iter().zip(&ranked.parts);
    let parts: Vec<String> = parts
        .map(|(part, place)| format!("{} {}", part.name, format::score(place.score, decimals)))
        .collect();
    Some(format!("{} ({})", ranked.shown_mean_rank(), parts.join(", ")))
}

/// The whole board.
///
/// # Errors
/// As [`show`].
pub async fn download(app: &App, member: &Member, ask: BoardAsk) -> Result<Response, Fault> {
    let board = board(app, member, &ask).await?;
    let name = format!("{}-leaderboard.csv", board.competition().slug);
    let response = csv::send(app.clone(), board, &HeaderMap::new()).await?;
    let text = to_bytes(response.into_body(), LARGEST_BOARD_BYTES).await.map_err(anyhow::Error::from)?;
    let packed = tokio::task::spawn_blocking(move || pack(&name, &text));
    let packed = packed.await.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)?;
    let kind = HeaderValue::from_static("application/zip");
    Ok(([(header::CONTENT_TYPE, kind)], packed).into_response())
}

fn pack(name: &str, text: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default())?;
    zip.write_all(text)?;
    Ok(zip.finish()?.into_inner())
}
