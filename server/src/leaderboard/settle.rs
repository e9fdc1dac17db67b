//! What happens to boards by itself: the final board after the end, ranks remembered at midnight, when the
//! day that is over is counted as well.

use std::time::Duration;

use holdout_contract::events::{Event, announce};

use crate::app::App;
use crate::error::Result;
use crate::ids::CompetitionId;
use crate::leaderboard::store;

/// Pause between two rounds.
const PAUSE: Duration = Duration::from_secs(2);

/// Runs for ever: settles what is over, remembers ranks once a UTC day.
pub async fn keep(app: App) {
    loop {
        if let Err(error) = round(&app).await {
            tracing::warn!(%error, "the boards could not be looked after; trying again");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One round of [`keep`].
///
/// # Errors
/// Those of the database.
pub async fn round(app: &App) -> Result<()> {
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let over = store::unsettled(&mut conn, now).await?;
    let not_remembered = store::not_remembered(&mut conn, now).await?;
    drop(conn);
    for id in over {
        settle_now(app, id).await?;
    }
    for id in not_remembered {
        let mut tx = app.db.begin().await?;
        if store::remember_ranks(&mut tx, id, now.date_naive()).await? {
            announce(&mut tx, Event::Board { competition_id: id.0 }).await?;
        }
        tx.commit().await?;
        crate::dashboard::count::count(app, id).await?;
    }
    Ok(())
}

/// Makes a competition's final board if it can stand. One attempt at a time: who comes while
/// another is at work gets `false` and shows the public board.
///
/// # Errors
/// Those of the database.
pub async fn settle_now(app: &App, id: CompetitionId) -> Result<bool> {
    let Ok(_turn) = app.boards.settling.try_lock() else {
        return Ok(false);
    };
    let mut tx = app.db.begin().await?;
    let stands = store::settle(&mut tx, id).await?;
    if stands {
        announce(&mut tx, Event::Board { competition_id: id.0 }).await?;
    }
    tx.commit().await?;
    Ok(stands)
}
