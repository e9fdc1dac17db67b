//! Every SQL statement about one-time links.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::UserId;

/// # Errors
/// Those of the database.
pub async fn insert_reset(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    user: UserId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into one_time_links (token_hash, purpose, user_id, created_at, expires_at)
         values ($1, 'reset_password', $2, $3, $4)",
        token_hash.as_slice(),
        user.0,
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts one link to become administrator in place of all earlier ones.
///
/// # Errors
/// Those of the database.
pub async fn replace_admin_link(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("delete from one_time_links where purpose = 'become_admin' and used_at is null")
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "insert into one_time_links (token_hash, purpose, created_at, expires_at)
         values ($1, 'become_admin', $2, $3)",
        token_hash.as_slice(),
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a link of this purpose can still be used.
///
/// # Errors
/// Those of the database.
pub async fn is_live(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    purpose: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select exists (
            select from one_time_links
            where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3) as \"live!\"",
        token_hash.as_slice(),
        purpose,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Uses a link to set a password, once; whose it was.
///
/// # Errors
/// Those of the database.
pub async fn use_reset(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        "update one_time_links
         set used_at = $2
         where token_hash = $1 and purpose = 'reset_password' and used_at is null and expires_at > $2
         returning user_id as \"user_id!: UserId\"",
        token_hash.as_slice(),
        now,
    )
    .fetch_optional(conn)
    .await
}

/// Uses the link to become administrator, once; `false` when it cannot be used.
///
/// # Errors
/// Those of the database.
pub async fn use_admin_link(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update one_time_links
         set used_at = $2
         where token_hash = $1 and purpose = 'become_admin' and used_at is null and expires_at > $2",
        token_hash.as_slice(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes back all links of a person that are not used yet.
///
/// # Errors
/// Those of the database.
pub async fn withdraw(conn: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from one_time_links where user_id = $1 and used_at is null", user.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes links that have run out.
///
/// # Errors
/// Those of the database.
pub async fn sweep(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from one_time_links where expires_at <= $1", now).execute(conn).await?;
    Ok(())
}
