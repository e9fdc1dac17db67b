//! Suspending an account: its sessions end, its tokens and password stop working; nothing is lost.

use crate::accounts::model::Member;
use crate::accounts::store::sessions;
use crate::admin::store;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;

/// # Errors
/// [`AppError::Refused`] for oneself; [`AppError::NotFound`] when there is no such account or it is
/// suspended already.
pub async fn suspend(app: &App, admin: &Member, user: UserId) -> Result<()> {
    if user == admin.id {
        return Err(AppError::refused("You cannot suspend your own account."));
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !store::suspend(&mut tx, user, now).await? {
        return Err(AppError::NotFound);
    }
    sessions::end_all(&mut tx, user).await?;
    store::record(&mut tx, admin.id, "suspended_user", user, now).await?;
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
    store::record(&mut tx, admin.id, "unsuspended_user", user, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}
