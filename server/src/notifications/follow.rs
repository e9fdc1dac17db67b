//! Verbs about following. Whoever calls them has looked whether the person may see the target.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;
use crate::notifications::model::Target;
use crate::notifications::store::follows;

/// Begins or ends following.
///
/// # Errors
/// [`AppError::Refused`] for oneself.
pub async fn set(app: &App, member: &Member, target: Target, is_following: bool) -> Result<()> {
    if target == Target::Person(member.id) {
        return Err(AppError::refused("You cannot follow yourself."));
    }
    let mut conn = app.db.acquire().await?;
    if is_following {
        follows::insert(&mut conn, member.id, target, app.clock.now()).await?;
    } else {
        follows::remove(&mut conn, member.id, target).await?;
    }
    Ok(())
}

/// Whether the viewer follows it; no visitor does.
///
/// # Errors
/// Those of the database.
pub async fn is_following(conn: &mut PgConnection, viewer: Option<&Member>, target: Target) -> Result<bool> {
    match viewer {
        Some(member) => Ok(follows::exists(conn, member.id, target).await?),
        None => Ok(false),
    }
}

/// Who writes somewhere is told how it goes on.
///
/// # Errors
/// Those of the database.
pub async fn what_one_writes_in(
    conn: &mut PgConnection,
    author: UserId,
    subject: crate::ids::SubjectId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    follows::insert(conn, author, Target::Subject(subject), now).await
}
