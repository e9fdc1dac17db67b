//! Two teams of a board, compared on the rows that both were judged by. Never by whether two separate
//! intervals overlap: what is hard for both teams cancels out.

use crate::app::App;
use crate::competitions::model::Competition;
use crate::error::{AppError, Result};
use crate::ids::TeamId;
use crate::leaderboard::model::{Ranked, Row, View};
use crate::leaderboard::read;
use crate::leaderboard::sight::{BoardSight, Names};
use crate::ranks::attach;
use crate::ranks::by_parts::ByParts;
use crate::ranks::difference::{Difference, Duel};
use crate::ranks::model::{Split, Summary, error_beside_scores};
use crate::ranks::store;
use crate::submissions::model::rounded;

/// Of the first teams, what any two differ by is kept.
const MOST_IN_PAIRS: i64 = 1000;
const NOT_IN_PAIRS: &str =
    "Any two of the first 1,000 teams of this board are compared. Further down, only ranges are known.";

/// Two rows of a board, and what is known of their difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub a: Row,
    pub b: Row,
    /// `None` where the two were not looked at together yet, and where teams are ranked by several metrics.
    pub difference: Option<Difference>,
    /// Where they are.
    pub by_parts: Option<ByParts>,
}

impl Comparison {
    /// Why nothing is known of the two, where waiting brings nothing.
    pub fn why_none(&self) -> Option<&str> {
        let rows = [&self.a, &self.b];
        let are_known = rows.iter().all(|row| row.range.is_some_and(|range| range.is_current));
        let is_below = rows.iter().any(|row| row.rank > Some(MOST_IN_PAIRS));
        let of_pairs = (self.difference.is_none() && are_known && is_below).then_some(NOT_IN_PAIRS);
        rows.into_iter().find_map(|row| row.no_range.as_deref()).or(of_pairs)
    }

    pub fn sample() -> Self {
        let b = Row {
            rank: Some(2),
            team_id: Some(TeamId(2)),
            team: "Grace".to_owned(),
            score: Some(0.91),
            ..Row::sample()
        };
        let duel = Some(Duel { n_won: 1700, n_lost: 1250 });
        let difference = Some(Difference {
            value: 0.0023,
            standard_error: 0.0021,
            n_units: Summary::sample().n_units,
            duel,
            exact_p: None,
        });
        Self { a: Row::sample(), b, difference, by_parts: None }
    }

    /// Of teams that are ranked by several metrics.
    pub fn sample_of_ranks() -> Self {
        let ranked = |row| Row { ranked: Some(Ranked::sample()), ..row };
        let Self { a, b, .. } = Self::sample();
        Self { a: ranked(a), b: ranked(b), difference: None, by_parts: Some(ByParts::sample()) }
    }
}

/// Compares two teams, the first two of the board where none is named; `None` unless both are ranked on it.
///
/// # Errors
/// Those of the database.
pub async fn compare(
    app: &App,
    competition: &Competition,
    view: View,
    sight: &BoardSight,
    [a, b]: [Option<TeamId>; 2],
) -> Result<Option<Comparison>> {
    let names = names(sight)?;
    let top = read::first_ranked(app, competition, view, sight, 2).await?;
    let a = row(app, competition, view, names, a, top.first()).await?;
    let b = row(app, competition, view, names, b, top.get(1)).await?;
    let (Some(a), Some(b)) = (a, b) else { return Ok(None) };
    let difference = difference(app, competition, view, &a, &b).await?;
    let by_parts = by_parts(app, competition, view, &a, &b).await?;
    Ok(Some(Comparison { a, b, difference, by_parts }))
}

/// Teams are compared by who sees their names: whoever asked for two by their ids would learn which rows are theirs.
///
/// # Errors
/// [`AppError::Refused`] where the board hides names from the reader.
pub fn names(sight: &BoardSight) -> Result<Names> {
    sight
        .names()
        .ok_or_else(|| AppError::refused("This board hides names, so only its hosts can compare two teams."))
}

async fn row(
    app: &App,
    competition: &Competition,
    view: View,
    names: Names,
    wanted: Option<TeamId>,
    otherwise: Option<&Row>,
) -> Result<Option<Row>> {
    match wanted {
        Some(team_id) => {
            let row = read::row_of(app, competition, view, names, team_id).await?;
            Ok(row.filter(|row| row.rank.is_some()))
        }
        None => Ok(otherwise.cloned()),
    }
}

/// While the board hides digits, the difference is that of the scores as they are shown.
///
/// # Errors
/// Those of the database.
pub async fn difference(
    app: &App,
    competition: &Competition,
    view: View,
    a: &Row,
    b: &Row,
) -> Result<Option<Difference>> {
    let Some(split) = Split::of(view).filter(|_| !competition.is_ranked()) else { return Ok(None) };
    let Some((first, second)) = a.team_id.zip(b.team_id) else { return Ok(None) };
    let mut conn = app.db.acquire().await?;
    let pair = store::pair(&mut conn, competition.id, split, first, second).await?;
    drop(conn);
    let shown = |score| if view.is_private() { score } else { rounded(score, competition.score_decimals) };
    let are_shown = |pair: &store::Pair| {
        pair.submission_a == a.key.submission_id && pair.submission_b == b.key.submission_id
    };
    let Some(pair) = pair.filter(are_shown) else { return Ok(None) };
    let n_units = attach::summary(app, competition, view).await?.map(|summary| summary.n_units);
    Ok(n_units.and_then(|n_units| {
        let value = shown(a.score?) - shown(b.score?);
        // By its text: a number of two digits stays one of two digits.
        let standard_error: f64 = pair.standard_error?.to_string().parse().ok()?;
        let standard_error = match view.is_private() {
            true => standard_error,
            false => error_beside_scores(standard_error, competition.score_decimals),
        };
        let duel = pair.n_won.zip(pair.n_lost).map(|(n_won, n_lost)| Duel { n_won, n_lost });
        let exact_p = duel.and_then(|duel| duel.exact_p(value, n_units));
        Some(Difference { value, standard_error, n_units, duel, exact_p })
    }))
}

/// As [`difference`], of teams that are ranked by several metrics.
///
/// # Errors
/// Those of the database.
pub async fn by_parts(
    app: &App,
    competition: &Competition,
    view: View,
    a: &Row,
    b: &Row,
) -> Result<Option<ByParts>> {
    let Some(split) = Split::of(view).filter(|_| competition.is_ranked()) else { return Ok(None) };
    let Some((first, second)) = a.team_id.zip(b.team_id) else { return Ok(None) };
    let mut conn = app.db.acquire().await?;
    let pair = store::ranked_pair(&mut conn, competition.id, split, first, second).await?;
    drop(conn);
    let are_shown = |pair: &store::RankedPair| {
        pair.submission_a == a.key.submission_id && pair.submission_b == b.key.submission_id
    };
    let Some(pair) = pair.filter(are_shown) else { return Ok(None) };
    let Some(summary) = attach::summary(app, competition, view).await? else { return Ok(None) };
    let hidden = (!view.is_private()).then_some(competition.score_decimals);
    Ok(ByParts::of([a, b], competition.ranked_by(), &pair, summary.n_units, hidden))
}
