//! Housekeeping of the whole site: what has run out is removed in every room, once an hour.

use std::time::Duration;

use crate::accounts::{providers, store, two_factors};
use crate::app::App;
use crate::error::Result;
use crate::{bundles, competitions, images, quotas, retention, submissions, uploads};

const EVERY: Duration = Duration::from_secs(3600);

/// Runs for ever.
pub async fn sweep_forever(app: App) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(%error, "what has run out was not removed; trying again in an hour");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Once through all rooms.
///
/// # Errors
/// Those of the database and of where files lie.
pub async fn sweep(app: &App) -> Result<()> {
    app.limits.forget_the_quiet();
    app.paces.forget_the_quiet();
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    store::sessions::sweep(&mut conn, now).await?;
    store::links::sweep(&mut conn, now).await?;
    two_factors::store::sweep(&mut conn, now).await?;
    providers::store::sweep(&mut conn, now).await?;
    drop(conn);
    retention::clean::clean(app).await?;
    images::upload::sweep(app).await?;
    competitions::invite::sweep(app).await?;
    bundles::receive::sweep(app).await?;
    uploads::remove::sweep(app).await?;
    submissions::direct::sweep(app).await?;
    quotas::add_up::add_up(app).await
}
