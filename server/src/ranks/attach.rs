//! Ranges beside the rows of a board.

use std::collections::HashMap;

use holdout_contract::catalogue;

use crate::app::App;
use crate::competitions::model::Competition;
use crate::error::Result;
use crate::leaderboard::model::{Row, View};
use crate::leaderboard::read;
use crate::ranks::model::{Split, Summary};
use crate::ranks::store::{self, TeamRange};
use crate::replica;
use crate::replica::model::Since;
use crate::replica::read::Conn;

/// Puts to each ranked row the range of the very submission that it shows.
///
/// # Errors
/// Those of the database.
pub async fn attach(app: &App, competition: &Competition, view: View, rows: Vec<Row>) -> Result<Vec<Row>> {
    let Some(split) = Split::of(view).filter(|_| !rows.is_empty()) else {
        return Ok(rows);
    };
    let teams: Vec<i64> = rows.iter().filter_map(|row| Some(row.team_id?.0)).collect();
    let (id, since) = (competition.id, Since::of(competition));
    let teams = &teams;
    let ask = move |mut conn: Conn| async move { store::ranges(&mut conn, id, split, teams).await };
    let ranges = replica::read::board(app, since, ask).await?;
    put(app, competition, view, rows, ranges).await
}

/// As [`attach`], where the ranges are at hand.
///
/// # Errors
/// Those of the database.
pub async fn put(
    app: &App,
    competition: &Competition,
    view: View,
    mut rows: Vec<Row>,
    ranges: Vec<TeamRange>,
) -> Result<Vec<Row>> {
    let ranges: HashMap<_, _> = ranges.into_iter().map(|range| (range.team_id, range)).collect();
    let is_share = competition.metric.as_deref().is_some_and(catalogue::is_share);
    for row in &mut rows {
        let Some(rank) = row.rank else { continue };
        let range = row
            .team_id
            .and_then(|team| ranges.get(&team))
            .filter(|range| range.submission_id == row.key.submission_id);
        row.range = range.map(|range| range.range(competition.board_revision, is_share).with(rank));
    }
    let has_none = |row: &Row| row.rank.is_some() && row.range.is_none();
    if rows.iter().any(has_none)
        && let Some(summary) = read::whole_summary(app, competition, view).await?
    {
        for row in rows.iter_mut().filter(|row| has_none(row)) {
            row.no_range = row.rank.and_then(|rank| summary.why_no_range(rank));
        }
    }
    Ok(rows)
}

/// What is known of the board as a whole.
///
/// # Errors
/// Those of the database.
pub async fn summary(app: &App, competition: &Competition, view: View) -> Result<Option<Summary>> {
    let Some(split) = Split::of(view) else { return Ok(None) };
    let (id, since) = (competition.id, Since::of(competition));
    let ask = move |mut conn: Conn| async move { store::summary(&mut conn, id, split).await };
    Ok(replica::read::board(app, since, ask).await?)
}
