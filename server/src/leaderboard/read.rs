//! Reads of a board, one function for pages, CSV and JSON.

use sqlx::PgConnection;

use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::{Competition, Phase};
use crate::error::Result;
use crate::ids::{CompetitionId, TeamId};
use crate::leaderboard::model::{Key, Row, View};
use crate::leaderboard::{settle, store};

/// Rows of a view after a key.
///
/// # Errors
/// Those of the database.
pub async fn page(
    conn: &mut PgConnection,
    id: CompetitionId,
    view: View,
    after: Key,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    match view {
        View::Public => store::public_page(conn, id, after, limit).await,
        View::Private(ended) => store::private_page(conn, ended, id, after, limit).await,
        View::PublicAtEnd(ended) => store::public_page_at_end(conn, ended, id, after, limit).await,
    }
}

/// One team's row of a view.
///
/// # Errors
/// Those of the database.
pub async fn own_row(
    conn: &mut PgConnection,
    id: CompetitionId,
    view: View,
    team_id: TeamId,
) -> sqlx::Result<Option<Row>> {
    let (ended, wants_private) = match view {
        View::Public => return store::public_row(conn, id, team_id).await,
        View::Private(ended) => (ended, true),
        View::PublicAtEnd(ended) => (ended, false),
    };
    let Some((rank, public_rank)) = store::final_ranks(conn, ended, id, team_id).await? else {
        return Ok(None);
    };
    let rank = if wants_private { rank } else { public_rank };
    let before = Key { rank: rank - 1, ..Key::first() };
    let mut rows = page(conn, id, view, before, 1).await?;
    Ok(rows.pop().filter(|row| row.team_id == team_id))
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
pub fn etag(competition: &Competition, view: View) -> String {
    format!("W/\"{}-{}-{}\"", competition.id, competition.board_revision, view.name())
}
