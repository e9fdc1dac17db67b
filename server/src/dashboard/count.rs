//! Counting a competition's days: again from the first whose submissions may still change.
//!
//! A day that is over and whose submissions all have their outcome is counted for good, so that a look at
//! the dashboard costs what today brought and not what the competition has gathered.

use chrono::TimeDelta;

use super::store;
use crate::app::App;
use crate::error::Result;
use crate::ids::CompetitionId;

/// Counts that are younger are shown as they stand.
const FRESH: TimeDelta = TimeDelta::seconds(15);

/// Brings the counts up to date, unless they are or somebody is at it.
///
/// # Errors
/// Those of the database.
pub async fn refresh(app: &App, id: CompetitionId) -> Result<()> {
    let fresh_from = app.clock.now() - FRESH;
    let mut conn = app.db.acquire().await?;
    let counted_at = store::counted_at(&mut conn, id).await?;
    drop(conn);
    if counted_at.is_none_or(|at| at < fresh_from) { count(app, id).await } else { Ok(()) }
}

/// Counts what may have changed.
///
/// # Errors
/// Those of the database.
pub async fn count(app: &App, id: CompetitionId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    store::open_tally(&mut tx, id).await?;
    if !store::lock_tally(&mut tx, id).await? {
        return Ok(()); // somebody else counts
    }
    store::reopen_days(&mut tx, id).await?;
    store::count_submissions(&mut tx, id).await?;
    store::count_joined(&mut tx, id).await?;
    store::count_rejections(&mut tx, id).await?;
    store::close_days(&mut tx, id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}
