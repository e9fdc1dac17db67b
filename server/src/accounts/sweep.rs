//! Housekeeping: what has run out is removed, once an hour.

use std::time::Duration;

use crate::accounts::store;
use crate::app::App;
use crate::error::Result;

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

/// # Errors
/// Those of the database.
pub async fn sweep(app: &App) -> Result<()> {
    app.limits.forget_the_quiet();
    app.paces.forget_the_quiet();
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    store::sessions::sweep(&mut conn, now).await?;
    store::links::sweep(&mut conn, now).await?;
    crate::accounts::two_factors::store::sweep(&mut conn, now).await?;
    crate::accounts::providers::store::sweep(&mut conn, now).await?;
    drop(conn);
    crate::retention::clean::clean(app).await?;
    crate::images::upload::sweep(app).await?;
    crate::competitions::invite::sweep(app).await?;
    crate::bundles::receive::sweep(app).await?;
    crate::uploads::remove::sweep(app).await?;
    crate::submissions::direct::sweep(app).await?;
    crate::quotas::add_up::add_up(app).await
}
