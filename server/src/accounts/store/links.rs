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
pub async fn withdraw_all(conn: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from one_time_links where user_id = $1 and used_at is null", user.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes back what whoever knew the password before may have begun: all but the link to the account's own address.
///
/// # Errors
/// Those of the database.
pub async fn withdraw(conn: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from one_time_links
         where user_id = $1 and used_at is null
           and email is distinct from (select email from users where id = $1)",
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes back the link to an address that the account does not have; `false` where there is none.
///
/// # Errors
/// Those of the database.
pub async fn withdraw_change(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from one_time_links
         where user_id = $1 and used_at is null and purpose = 'confirm_email'
           and email <> (select email from users where id = $1)",
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Puts one link that confirms an address in place of the one before.
///
/// # Errors
/// Those of the database.
pub async fn replace_confirmation(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    user: UserId,
    email: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into one_time_links (token_hash, purpose, user_id, email, created_at, expires_at)
         values ($1, 'confirm_email', $2, $3, $4, $5)
         on conflict (user_id) where purpose = 'confirm_email' and used_at is null
         do update set token_hash = excluded.token_hash, email = excluded.email,
                       created_at = excluded.created_at, expires_at = excluded.expires_at",
        token_hash.as_slice(),
        user.0,
        email,
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a link that can be used confirms, and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    pub user_id: UserId,
    pub username: String,
    pub email: String,
    /// Whether the account has another address till then.
    pub is_change: bool,
}

/// # Errors
/// Those of the database.
pub async fn find_confirmation(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Confirmation>> {
    sqlx::query_as!(
        Confirmation,
        "select u.id as \"user_id: UserId\", u.username, l.email as \"email!\", l.email <> u.email as \"is_change!\"
         from one_time_links l
         join users u on u.id = l.user_id
         where l.token_hash = $1 and l.purpose = 'confirm_email' and l.used_at is null and l.expires_at > $2
           and u.suspended_at is null",
        token_hash.as_slice(),
        now,
    )
    .fetch_optional(conn)
    .await
}

/// Uses a link that confirms an address, once; which one.
///
/// # Errors
/// Those of the database.
pub async fn use_confirmation(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "update one_time_links
         set used_at = $2
         where token_hash = $1 and purpose = 'confirm_email' and used_at is null and expires_at > $2
         returning email as \"email!\"",
        token_hash.as_slice(),
        now,
    )
    .fetch_optional(conn)
    .await
}

/// Removes links that have run out.
///
/// # Errors
/// Those of the database.
pub async fn sweep(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from one_time_links where expires_at <= $1", now).execute(conn).await?;
    Ok(())
}
