//! Reads of a board, one function for pages, CSV and JSON. Each is given what its reader may see.

use std::collections::HashMap;

use sqlx::PgConnection;

use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::{Competition, Ended, Phase};
use crate::conduct;
use crate::conduct::model::Barred;
use crate::error::Result;
use crate::ids::{CompetitionId, TeamId};
use crate::leaderboard::baselines::{MOST_BASELINES, alone, behind, with_baselines};
use crate::leaderboard::cache::{BoardKey, OwnKey, OwnLine};
use crate::leaderboard::model::{Key, Row, View};
use crate::leaderboard::sight::{Audience, BoardSight, Names};
use crate::leaderboard::{ranked, settle, store};
use crate::ranks;
use crate::ranks::attach::{self, attach};
use crate::ranks::model::{Split, Summary};
use crate::replica;
use crate::replica::model::Since;
use crate::replica::read::Conn;

/// Rows of a view after a key, as the reader sees them: of who sees their own row alone, that one.
///
/// # Errors
/// Those of the database.
pub async fn page(
    app: &App,
    competition: &Competition,
    view: View,
    sight: &BoardSight,
    after: Key,
    limit: i64,
) -> Result<Vec<Row>> {
    let rows = match sight.audience() {
        Some(Audience::Names) => whole_page(app, competition, view, after, limit).await?,
        Some(Audience::Pseudonyms) => {
            let after = without_numbers_of_teams(app, competition, after).await?;
            whole_page(app, competition, view, after, limit).await?
        }
        None if after == Key::first() => {
            return Ok(own_row(app, competition, view, sight).await?.into_iter().collect());
        }
        None => Vec::new(),
    };
    Ok(sight.veil(rows))
}

/// Where names are hidden nobody finds out by a key of their own making which row a submission stands in. A baseline is no
/// secret, and several may stand at one rank.
async fn without_numbers_of_teams(app: &App, competition: &Competition, key: Key) -> Result<Key> {
    if key.submission_id == 0 {
        return Ok(key);
    }
    let mut conn = app.db.acquire().await?;
    let is_of_baseline = store::baselines::sent(&mut conn, competition.id, key.submission_id).await?;
    Ok(if is_of_baseline { key } else { Key { submission_id: 0, ..key } })
}

async fn whole_page(
    app: &App,
    competition: &Competition,
    view: View,
    after: Key,
    limit: i64,
) -> Result<Vec<Row>> {
    if matches!(view, View::Public) && competition.is_ranked() {
        let rows = ranked::page(app, competition, after, limit).await?;
        return attach(app, competition, view, rows).await;
    }
    let id = competition.id;
    let rows = replica::read::board(app, Since::of(competition), move |mut conn| async move {
        match view {
            View::Public => store::public_page(&mut conn, id, after, limit).await,
            View::Private(ended) => {
                let ranked = store::private_page(&mut conn, ended, id, after, limit).await?;
                let baselines = store::baselines::private(&mut conn, ended, id).await?;
                Ok(with_baselines(ranked, behind(baselines, after), limit))
            }
            View::PublicAtEnd(ended) => {
                let ranked = store::public_page_at_end(&mut conn, ended, id, after, limit).await?;
                let baselines = store::baselines::public_at_end(&mut conn, ended, id).await?;
                Ok(with_baselines(ranked, behind(baselines, after), limit))
            }
        }
    })
    .await?;
    attach(app, competition, view, rows).await
}

/// The first ranked rows of a view, without baselines.
///
/// # Errors
/// Those of the database.
pub async fn first_ranked(
    app: &App,
    competition: &Competition,
    view: View,
    sight: &BoardSight,
    n: i64,
) -> Result<Vec<Row>> {
    let mut rows = page(app, competition, view, sight, Key::first(), n + MOST_BASELINES).await?;
    rows.retain(|row| row.rank.is_some());
    rows.truncate(usize::try_from(n).unwrap_or(usize::MAX));
    Ok(rows)
}

/// The reader's own row of a view; `None` for who has no team on it.
///
/// # Errors
/// Those of the database.
pub async fn own_row(
    app: &App,
    competition: &Competition,
    view: View,
    sight: &BoardSight,
) -> Result<Option<Row>> {
    let Some(team) = sight.own() else { return Ok(None) };
    Ok(whole_row(app, competition, view, team).await?.map(|row| sight.own_row(row)))
}

/// Any team's row of a view, for who sees all names.
///
/// # Errors
/// Those of the database.
pub async fn row_of(
    app: &App,
    competition: &Competition,
    view: View,
    _: Names,
    team: TeamId,
) -> Result<Option<Row>> {
    whole_row(app, competition, view, team).await
}

async fn whole_row(app: &App, competition: &Competition, view: View, team_id: TeamId) -> Result<Option<Row>> {
    let row = match view {
        View::Public if competition.is_ranked() => ranked::own_row(app, competition, team_id).await?,
        View::Public => return own_public_row(app, competition, team_id).await,
        View::Private(ended) | View::PublicAtEnd(ended) => {
            own_final_row(app, competition, view, ended, team_id).await?
        }
    };
    Ok(attach(app, competition, view, row.into_iter().collect()).await?.pop())
}

async fn own_public_row(app: &App, competition: &Competition, team: TeamId) -> Result<Option<Row>> {
    let (id, since) = (competition.id, Since::of(competition));
    let rank = match rank_in_order(app, competition, team).await? {
        None => {
            replica::read::board(app, since, move |mut conn: Conn| async move {
                store::public_rank(&mut conn, id, team).await
            })
            .await?
        }
        known => known,
    };
    let Some(rank) = rank else { return Ok(None) };
    let read = |teams: Vec<TeamId>| async move {
        let teams = &teams;
        replica::read::board(app, since, move |conn| own_lines(conn, id, teams)).await
    };
    let own = app.boards.own_lines.read(BoardKey::of(competition, View::Public), team, read).await?;
    let Some(OwnLine { line, range }) = own else { return Ok(None) };
    let (rows, ranges) = (vec![line.into_row(rank)], range.into_iter().collect());
    Ok(attach::put(app, competition, View::Public, rows, ranges).await?.pop())
}

/// What the public board says of these teams but for their ranks.
async fn own_lines(
    mut conn: Conn,
    id: CompetitionId,
    teams: &[TeamId],
) -> sqlx::Result<HashMap<TeamId, OwnLine>> {
    let lines = store::public_lines(&mut conn, id, teams).await?;
    let teams: Vec<i64> = teams.iter().map(|team| team.0).collect();
    let ranges = ranks::store::ranges(&mut conn, id, Split::Public, &teams).await?;
    let mut ranges: HashMap<_, _> = ranges.into_iter().map(|range| (range.team_id, range)).collect();
    let own = lines.into_iter().map(|(team, line)| (team, OwnLine { line, range: ranges.remove(&team) }));
    Ok(own.collect())
}

async fn own_final_row(
    app: &App,
    competition: &Competition,
    view: View,
    ended: Ended,
    team: TeamId,
) -> Result<Option<Row>> {
    let (id, since) = (competition.id, Since::of(competition));
    let ask = move |mut conn: Conn| async move {
        let above = |rank: i64| Key { submission_id: 0, rank: rank - 1 };
        let ranks = store::final_ranks(&mut conn, ended, id, team).await?;
        let Some((rank, public_rank)) = ranks else { return Ok(None) };
        let mut rows = match view.is_private() {
            true => store::private_page(&mut conn, ended, id, above(rank), 1).await?,
            false => store::public_page_at_end(&mut conn, ended, id, above(public_rank), 1).await?,
        };
        Ok(rows.pop().filter(|row| row.team_id == Some(team)))
    };
    Ok(replica::read::board(app, since, ask).await?)
}

/// A team's rank on the public board where that is known without counting.
async fn rank_in_order(app: &App, competition: &Competition, team: TeamId) -> Result<Option<i64>> {
    let (id, since) = (competition.id, Since::of(competition));
    let read = || {
        replica::read::board(app, since, move |mut conn: Conn| async move {
            store::public_order(&mut conn, id).await
        })
    };
    Ok(app.boards.orders.of(competition).rank(team, read).await?)
}

/// All baselines of a view that is read from the database; one by the mean of ranks has them among its teams.
async fn baselines(app: &App, competition: &Competition, view: View) -> Result<Vec<Row>> {
    if matches!(view, View::Public) && competition.is_ranked() {
        return Ok(Vec::new());
    }
    let id = competition.id;
    let found = replica::read::board(app, Since::of(competition), move |mut conn| async move {
        match view {
            View::Public => store::baselines::public(&mut conn, id).await,
            View::Private(ended) => store::baselines::private(&mut conn, ended, id).await,
            View::PublicAtEnd(ended) => store::baselines::public_at_end(&mut conn, ended, id).await,
        }
    })
    .await?;
    Ok(alone(found))
}

/// As [`own_row`], kept under the competition's revision.
///
/// # Errors
/// As [`own_row`].
pub async fn kept_own_row(
    app: &App,
    competition: &Competition,
    view: View,
    sight: &BoardSight,
) -> Result<Option<Row>> {
    let Some(team) = sight.own() else { return Ok(None) };
    Ok(kept_row(app, competition, view, team).await?.map(|row| sight.own_row(row)))
}

/// Why the reader's team is on no board, where it is disqualified; for the reader alone.
///
/// # Errors
/// Those of the database.
pub async fn barred(app: &App, sight: &BoardSight, own: Option<&Row>) -> Result<Option<Barred>> {
    match sight.own().filter(|_| own.is_none()) {
        Some(team) => Ok(conduct::store::barred(&mut *app.db.acquire().await?, team).await?),
        None => Ok(None),
    }
}

/// Kept as it is: what of it is seen is decided whenever it is read.
async fn kept_row(app: &App, competition: &Competition, view: View, team: TeamId) -> Result<Option<Row>> {
    let key = OwnKey { board: BoardKey::of(competition, view), team };
    if let Some(row) = app.boards.own_rows.get(&key) {
        return Ok(row);
    }
    let row = whole_row(app, competition, view, team).await?;
    app.boards.own_rows.put(key, row.clone());
    Ok(row)
}

/// Rows that a search for a team shows at most.
pub const FOUND_ROWS: usize = 20;

/// What a search for a team found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Best first.
    pub rows: Vec<Row>,
    /// Whether more teams would have fitted.
    pub is_more: bool,
}

/// Rows of the teams that have these words in their name, or a member of that user name.
///
/// # Errors
/// Those of the database.
pub async fn find(app: &App, competition: &Competition, view: View, _: Names, words: &str) -> Result<Found> {
    let words = words.to_lowercase();
    let limit = FOUND_ROWS as i64 + 1;
    let mut teams = {
        let mut conn = app.db.acquire().await?;
        store::teams_named(&mut conn, competition.id, &words, limit).await?
    };
    let is_more = teams.len() > FOUND_ROWS;
    teams.truncate(FOUND_ROWS);
    let mut rows = Vec::with_capacity(teams.len());
    for team in &teams {
        rows.extend(kept_row(app, competition, view, *team).await?);
    }
    let baselines = baselines(app, competition, view).await?;
    rows.extend(baselines.into_iter().filter(|row| row.team_id.is_some_and(|team| teams.contains(&team))));
    rows.sort_by_key(|row| row.rank.unwrap_or(i64::MAX));
    Ok(Found { rows, is_more })
}

/// What is known of the board as a whole, kept likewise; nothing for who sees nothing of it but their own row.
///
/// # Errors
/// Those of the database.
pub async fn summary(
    app: &App,
    competition: &Competition,
    view: View,
    sight: &BoardSight,
) -> Result<Option<Summary>> {
    if sight.shows_others() { whole_summary(app, competition, view).await } else { Ok(None) }
}

/// Whoever reads it.
///
/// # Errors
/// Those of the database.
pub(crate) async fn whole_summary(
    app: &App,
    competition: &Competition,
    view: View,
) -> Result<Option<Summary>> {
    let key = BoardKey::of(competition, view);
    if let Some(summary) = app.boards.summaries.get(&key) {
        return Ok(summary);
    }
    let summary = attach::summary(app, competition, view).await?;
    app.boards.summaries.put(key, summary.clone());
    Ok(summary)
}

/// The best public score of all, for who sees scores of others.
///
/// # Errors
/// Those of the database.
pub async fn best_public_score(
    conn: &mut PgConnection,
    competition: &Competition,
    sight: &BoardSight,
) -> sqlx::Result<Option<f64>> {
    if sight.shows_others() { store::best_public_score(conn, competition.id).await } else { Ok(None) }
}

/// Where a competition is over and no final board stands yet, tries to make it first.
///
/// # Errors
/// Those of the database.
pub async fn settled_if_due(app: &App, mut seen: Seen) -> Result<Seen> {
    if seen.competition.phase(app.clock.now()) == Phase::Closed
        && settle::settle_now(app, seen.competition.id).await?
    {
        let mut conn = app.db.acquire().await?;
        if let Some(settled) = crate::competitions::store::find(&mut conn, &seen.competition.slug).await? {
            seen.competition = settled;
        }
    }
    Ok(seen)
}

/// Names what a board shows and when it changes; for caches of browsers and programs.
pub fn etag(competition: &Competition, view: View, sight: &BoardSight) -> String {
    let revisions = (competition.board_revision, competition.ranks_revision);
    let (name, tag) = (view.name(), sight.tag());
    format!("W/\"{}-{}.{}-{name}{tag}\"", competition.id, revisions.0, revisions.1)
}
