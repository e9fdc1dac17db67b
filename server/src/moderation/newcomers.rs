//! Newcomers write a few posts an hour: what nobody minds, and what spam cannot live with.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::error::{AppError, Result};
use crate::moderation::store;
use crate::web::format;

/// So long somebody is new.
const NEW_FOR: TimeDelta = TimeDelta::days(3);
/// Posts of a newcomer within [`WINDOW`].
pub const MOST_POSTS: i64 = 10;
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// Lets a member write one more post, in the transaction that writes it: of posts sent at once no more
/// get through.
///
/// # Errors
/// [`AppError::TooMany`] for a newcomer who wrote ten within an hour.
pub async fn admit(conn: &mut PgConnection, author: &Member, now: DateTime<Utc>) -> Result<()> {
    if author.is_admin || !store::lock_if_newcomer(conn, author.id, now - NEW_FOR).await? {
        return Ok(());
    }
    match store::nth_newest_post(conn, author.id, MOST_POSTS).await? {
        Some(at) if at + WINDOW > now => {
            let resets_at = at + WINDOW;
            Err(AppError::TooMany {
                message: format!(
                    "In their first days members write at most {MOST_POSTS} posts an hour. You can write again at {}.",
                    format::time(&resets_at),
                ),
                retry_after_seconds: u64::try_from((resets_at - now).num_seconds()).unwrap_or(0).max(1),
            })
        }
        _ => Ok(()),
    }
}
