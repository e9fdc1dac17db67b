//! Files that no row names, in the rooms that the server fills: what was stored and then refused or replaced, or removed
//! with a person or a notebook, while whoever should have removed the file was killed or could not. Each room is swept
//! once a week, by whichever server comes first.
//!
//! Never here: a file that a row names, however old, or one that may be on its way into the database.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::TryStreamExt;

use super::store;
use crate::app::App;
use crate::error::Result;

/// Rooms whose files the web server alone knows; those of scorers are in [`holdout_contract::orphans::ROOMS`].
pub const ROOMS: [&str; 6] =
    ["notebooks", "notebook-pages", "notebook-pictures", "images", "bundles", "archives"];

const LOOK_EVERY: Duration = Duration::from_secs(3600);
/// Nothing that is on its way into the database takes longer.
const OLD: Duration = Duration::from_secs(7 * 24 * 3600);
const AGAIN: TimeDelta = TimeDelta::days(7);
/// A server that was killed over it is followed by another.
const TURN: TimeDelta = TimeDelta::days(1);

/// Runs for ever. Beside other housekeeping: with many files it takes long.
pub async fn sweep_forever(app: App) {
    loop {
        for room in ROOMS {
            if let Err(error) = sweep_where_due(&app, room, OLD).await {
                tracing::warn!(%error, room, "files that no row names could not be removed; trying again in a day");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Removes what no row names and is older than `age`, where nobody has this week; gives how many.
///
/// # Errors
/// Those of the database and of storage; what was removed until then is gone.
pub async fn sweep_where_due(app: &App, room: &str, age: Duration) -> Result<usize> {
    let now = app.clock.now();
    if !store::take_turn(&mut *app.db.acquire().await?, room, now, now + TURN).await? {
        return Ok(0);
    }
    let n_removed = sweep(app, room, age).await?;
    store::put_off(&mut *app.db.acquire().await?, room, app.clock.now() + AGAIN).await?;
    if n_removed > 0 {
        tracing::info!(room, n_removed, "files that no row names were removed");
    }
    Ok(n_removed)
}

async fn sweep(app: &App, room: &str, age: Duration) -> Result<usize> {
    let mut n_removed = 0;
    let mut old = app.files.older(room, age);
    while let Some(key) = old.try_next().await? {
        if !store::is_named(&mut *app.db.acquire().await?, &key).await? {
            app.files.remove(&key).await?;
            n_removed += 1;
        }
    }
    Ok(n_removed)
}

/// Removes files whose rows are gone already. One that cannot be removed now is swept later.
pub async fn remove_all(app: &App, keys: Vec<String>) {
    for key in keys {
        if let Err(error) = app.files.remove(&key).await {
            tracing::warn!(%error, key, "a file that no row names any more could not be removed yet");
        }
    }
}
