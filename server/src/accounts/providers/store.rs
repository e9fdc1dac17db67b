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

/// Whether there was any.
///
/// # Errors
/// Those of the database.
pub async fn remove_all(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from identities where user_id = $1", user.0).execute(conn).await?;
    Ok(done.rows_affected() > 0)
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

/// Removes attempts and logout tokens that have run out.
///
/// # Errors
/// Those of the database.
pub async fn sweep(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from link_attempts where expires_at <= $1", now).execute(&mut *conn).await?;
    sqlx::query!("delete from logout_tokens where expires_at <= $1", now).execute(conn).await?;
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

/// Takes a logout token, until its time alone has it refused; `false` where it was taken before.
///
/// # Errors
/// Those of the database.
pub async fn take_logout_token(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    expires_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into logout_tokens (token_hash, expires_at) values ($1, $2) on conflict do nothing",
        token_hash.as_slice(),
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends what somebody of a provider began here, and what waits for a code: in one session there, where it is named, and
/// in those that it never named. Whose that was.
///
/// # Errors
/// Those of the database.
pub async fn end_sessions_of(
    conn: &mut PgConnection,
    issuer: &str,
    subject: &str,
    sid: Option<&str>,
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        "with ended as (
            delete from sessions
            where issuer = $1 and subject = $2 and ($3::text is null or sid is null or sid = $3)
            returning user_id),
         waiting as (
            delete from sign_in_challenges
            where issuer = $1 and subject = $2 and ($3::text is null or sid is null or sid = $3)
            returning user_id)
         select user_id as \"user_id!: UserId\" from ended union select user_id from waiting",
        issuer,
        subject,
        sid,
    )
    .fetch_all(conn)
    .await
}

/// The same of one session there, whoever's that is.
///
/// # Errors
/// Those of the database.
pub async fn end_session_there(
    conn: &mut PgConnection,
    issuer: &str,
    sid: &str,
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        "with ended as (delete from sessions where issuer = $1 and sid = $2 returning user_id),
         waiting as (delete from sign_in_challenges where issuer = $1 and sid = $2 returning user_id)
         select user_id as \"user_id!: UserId\" from ended union select user_id from waiting",
        issuer,
        sid,
    )
    .fetch_all(conn)
    .await
}
