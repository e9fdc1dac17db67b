//! Every SQL statement about who somebody is elsewhere.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::UserId;

/// Whose a subject of an issuer is.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, issuer: &str, subject: &str) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        "select user_id as \"user_id: UserId\" from identities where issuer = $1 and subject = $2",
        issuer,
        subject,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database; `identities_pkey` where somebody has it, `identities_one_an_issuer` where this person has
/// another there.
pub async fn insert(
    conn: &mut PgConnection,
    user: UserId,
    issuer: &str,
    subject: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into identities (user_id, issuer, subject, created_at) values ($1, $2, $3, $4)",
        user.0,
        issuer,
        subject,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which issuers somebody signs in with.
///
/// # Errors
/// Those of the database.
pub async fn issuers(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select issuer from identities where user_id = $1 order by issuer", user.0)
        .fetch_all(conn)
        .await
}

/// `false` where there was none.
///
/// # Errors
/// Those of the database.
pub async fn remove(conn: &mut PgConnection, user: UserId, issuer: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from identities where user_id = $1 and issuer = $2", user.0, issuer)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Of some user names, those that are taken.
///
/// # Errors
/// Those of the database.
pub async fn taken(conn: &mut PgConnection, usernames: &[String]) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select username from users where username = any($1)", usernames)
        .fetch_all(conn)
        .await
}

/// Puts on record that somebody who gave the password wants a link.
///
/// # Errors
/// Those of the database.
pub async fn begin_link(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    user: UserId,
    issuer: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into link_attempts (token_hash, user_id, issuer, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        token_hash.as_slice(),
        user.0,
        issuer,
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Spends it, once; `false` where nothing is on record for this person and issuer.
///
/// # Errors
/// Those of the database.
pub async fn spend_link(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    user: UserId,
    issuer: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from link_attempts where token_hash = $1 and user_id = $2 and issuer = $3 and expires_at > $4",
        token_hash.as_slice(),
        user.0,
        issuer,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What was begun and came to nothing.
///
/// # Errors
/// Those of the database.
pub async fn end_links(conn: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from link_attempts where user_id = $1", user.0).execute(conn).await?;
    Ok(())
}

/// Removes attempts that have run out.
///
/// # Errors
/// Those of the database.
pub async fn sweep(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from link_attempts where expires_at <= $1", now).execute(conn).await?;
    Ok(())
}

/// Whether somebody has a password to sign in with.
///
/// # Errors
/// Those of the database.
pub async fn has_password(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select password_hash <> '!' as \"has!\" from users where id = $1", user.0)
        .fetch_one(conn)
        .await
}
