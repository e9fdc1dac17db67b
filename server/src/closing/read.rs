//! The closing page's parts, for pages and JSON alike.

use super::model::{Closing, MOST_NAMED, Winners};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::model::Phase;
use crate::error::{AppError, Result};
use crate::leaderboard::model::View;
use crate::leaderboard::read;
use crate::leaderboard::sight::BoardSight;
use crate::medals;

/// What everybody reads once the winners are confirmed.
///
/// # Errors
/// [`AppError::NotFound`] before that.
pub async fn closing(app: &App, slug: &str, viewer: Option<&Member>) -> Result<(Seen, Closing)> {
    let seen = access::see(app, slug, viewer).await?;
    let closing = store::find(&mut *app.db.acquire().await?, seen.competition.id).await?;
    let stands = seen.competition.phase(app.clock.now()) == Phase::Final;
    Ok((seen, closing.filter(|_| stands).ok_or(AppError::NotFound)?))
}

/// The first of the final board; `None` while it does not stand.
///
/// # Errors
/// Those of the database.
pub async fn winners(app: &App, seen: &Seen) -> Result<Option<Winners>> {
    let competition = &seen.competition;
    let view = View::choose(competition, app.clock.now(), false);
    if !view.is_private() {
        return Ok(None);
    }
    let rows = read::first_ranked(app, competition, view, &BoardSight::of(seen), MOST_NAMED).await?;
    let mut conn = app.db.acquire().await?;
    let n_medalled = medals::store::n_medalled(&mut conn, competition.id).await?;
    let n_teams = store::n_ranked(&mut conn, competition.id).await?;
    Ok(Some(Winners::of(rows, n_teams, n_medalled.is_some())))
}
