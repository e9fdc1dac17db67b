//! Who runs the installation, and who may host on it. The first administrator comes by a one-time link; they appoint the
//! others.

use serde_json::json;

use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;

/// # Errors
/// [`AppError::NotFound`] when there is no such account or it is an administrator's.
pub async fn appoint(app: &App, admin: &Member, user: UserId) -> Result<()> {
    set(app, admin, user, true).await
}

/// Takes an administrator's rights; nobody can take their own, so that one always remains.
///
/// # Errors
/// [`AppError::Refused`] for oneself, and for whoever was dismissed meanwhile; [`AppError::NotFound`] when
/// the account is no administrator's.
pub async fn dismiss(app: &App, admin: &Member, user: UserId) -> Result<()> {
    if user == admin.id {
        return Err(AppError::refused("Another administrator has to do that."));
    }
    set(app, admin, user, false).await
}

/// Lets somebody host competitions where not every member may, or no more; what they host they keep. On record.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such account or it is so already.
pub async fn let_host(app: &App, admin: &Member, user: UserId, may_host: bool) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if !store::set_may_host(&mut tx, user, may_host).await? {
        return Err(AppError::NotFound);
    }
    let action = if may_host { "let_host" } else { "let_host_no_more" };
    store::note(&mut tx, app.clock.now(), admin.id, action, &json!({ "user": user })).await?;
    tx.commit().await?;
    Ok(())
}

async fn set(app: &App, admin: &Member, user: UserId, is_admin: bool) -> Result<()> {
    let mut tx = app.db.begin().await?;
    // Two who dismiss each other at once: the second finds that they may not.
    if !store::lock_admins(&mut tx).await?.contains(&admin.id) {
        return Err(AppError::refused("You are no longer an administrator."));
    }
    if !store::set_admin(&mut tx, user, is_admin).await? {
        return Err(AppError::NotFound);
    }
    let action = if is_admin { "appoint_administrator" } else { "dismiss_administrator" };
    store::note(&mut tx, app.clock.now(), admin.id, action, &json!({ "user": user })).await?;
    tx.commit().await?;
    Ok(())
}
