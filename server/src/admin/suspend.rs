//! Suspending an account: its sessions end, its tokens and password stop working; nothing is lost. A
//! suspension for some days ends by itself.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use crate::accounts::model::Member;
use crate::accounts::store::sessions;
use crate::admin::store;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;
use crate::moderation::record::{Act, record};

const LOOK_EVERY: Duration = Duration::from_secs(30);
const LONGEST_DAYS: i64 = 365;

/// Suspends an account for some days, or until it is let in again.
///
/// # Errors
/// [`AppError::Refused`] for oneself; [`AppError::Field`] for other than 1 to 365 days;
/// [`AppError::NotFound`] when there is no such account or it is suspended already.
pub async fn suspend(app: &App, admin: &Member, user: UserId, days: Option<i64>) -> Result<()> {
    if user == admin.id {
        return Err(AppError::refused("You cannot suspend your own account."));
    }
    if days.is_some_and(|days| !(1..=LONGEST_DAYS).contains(&days)) {
        return Err(AppError::field("days", "Choose between 1 and 365 days."));
    }
    let now = app.clock.now();
    let until = days.map(|days| now + TimeDelta::days(days));
    let mut tx = app.db.begin().await?;
    if !store::suspend(&mut tx, user, now, until).await? {
        return Err(AppError::NotFound);
    }
    sessions::end_all(&mut tx, user).await?;
    record(&mut tx, admin.id, Act::Suspend, None, &json!({ "user": user, "until": until }), now).await?;
    tx.commit().await?;
    Ok(())
}

/// # Errors
/// [`AppError::NotFound`] when there is no such account or it is not suspended.
pub async fn unsuspend(app: &App, admin: &Member, user: UserId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if !store::unsuspend(&mut tx, user).await? {
        return Err(AppError::NotFound);
    }
    record(&mut tx, admin.id, Act::Unsuspend, None, &json!({ "user": user }), app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Runs for ever: lets in again whose time is over.
pub async fn lift_forever(app: App) {
    loop {
        if let Err(error) = lift_what_is_over(&app).await {
            tracing::warn!(%error, "suspensions cannot be lifted; trying again");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// # Errors
/// Those of the database.
pub async fn lift_what_is_over(app: &App) -> Result<()> {
    Ok(store::lift_suspensions(&mut *app.db.acquire().await?, app.clock.now()).await?)
}
