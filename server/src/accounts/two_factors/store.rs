//! Every SQL statement about second factors.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::providers::model::Origin;
use crate::ids::UserId;

/// A person's second factor, as judging needs it.
#[derive(Debug)]
pub struct Factor {
    pub sealed_secret: Vec<u8>,
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Of the last code that was taken.
    pub last_step: i64,
    pub n_failed: i32,
    pub failing_since: Option<DateTime<Utc>>,
}

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Option<Factor>> {
    sqlx::query_as!(
        Factor,
        "select sealed_secret, confirmed_at, last_step, n_failed, failing_since
         from second_factors
         where user_id = $1",
        user.0,
    )
    .fetch_optional(conn)
    .await
}

/// Has others who try wait until this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn lock(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Option<Factor>> {
    sqlx::query_as!(
        Factor,
        "select sealed_secret, confirmed_at, last_step, n_failed, failing_since
         from second_factors
         where user_id = $1
         for update",
        user.0,
    )
    .fetch_optional(conn)
    .await
}

/// Whether somebody has one that holds.
///
/// # Errors
/// Those of the database.
pub async fn has(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from second_factors where user_id = $1 and confirmed_at is not null) as \"has!\"",
        user.0,
    )
    .fetch_one(conn)
    .await
}

/// A secret as it is kept, and whose it is.
#[derive(Debug)]
pub struct Sealed {
    pub user: UserId,
    pub sealed_secret: Vec<u8>,
}

/// Of people with a second factor that holds: the first so many and the last so many, by when they came.
///
/// # Errors
/// Those of the database.
pub async fn some_sealed(conn: &mut PgConnection, at_each_end: i64) -> sqlx::Result<Vec<Sealed>> {
    sqlx::query_as!(
        Sealed,
        "(select user_id as \"user!: UserId\", sealed_secret as \"sealed_secret!\"
          from second_factors where confirmed_at is not null order by user_id limit $1)
         union
         (select user_id, sealed_secret
          from second_factors where confirmed_at is not null order by user_id desc limit $1)",
        at_each_end,
    )
    .fetch_all(conn)
    .await
}

/// Of everybody with a second factor, also one that is not confirmed: the next so many after a person.
///
/// # Errors
/// Those of the database.
pub async fn sealed_after(conn: &mut PgConnection, after: UserId, at_most: i64) -> sqlx::Result<Vec<Sealed>> {
    sqlx::query_as!(
        Sealed,
        "select user_id as \"user: UserId\", sealed_secret
         from second_factors
         where user_id > $1
         order by user_id
         limit $2",
        after.0,
        at_most,
    )
    .fetch_all(conn)
    .await
}

/// Keeps the same secret under another key; `false` where it is not as it was read any more.
///
/// # Errors
/// Those of the database.
pub async fn replace_sealed(conn: &mut PgConnection, read: &Sealed, sealed: &[u8]) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update second_factors set sealed_secret = $3 where user_id = $1 and sealed_secret = $2",
        read.user.0,
        read.sealed_secret,
        sealed,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps a secret that is not confirmed yet, in place of an earlier one; `false` where one holds already.
///
/// # Errors
/// Those of the database.
pub async fn begin(
    conn: &mut PgConnection,
    user: UserId,
    sealed_secret: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into second_factors (user_id, sealed_secret, created_at)
         values ($1, $2, $3)
         on conflict (user_id) do update
         set sealed_secret = excluded.sealed_secret, created_at = excluded.created_at
         where second_factors.confirmed_at is null",
        user.0,
        sealed_secret,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// # Errors
/// Those of the database.
pub async fn confirm(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update second_factors set confirmed_at = $2 where user_id = $1", user.0, now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes the code of a step; the schema refuses one that is not later than the last.
///
/// # Errors
/// Those of the database.
pub async fn take(conn: &mut PgConnection, user: UserId, step: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "update second_factors
         set last_step = $2, n_failed = 0, failing_since = null
         where user_id = $1",
        user.0,
        step,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn note_failures(
    conn: &mut PgConnection,
    user: UserId,
    n_failed: i32,
    since: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update second_factors set n_failed = $2, failing_since = $3 where user_id = $1",
        user.0,
        n_failed,
        since,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes somebody's second factor with its recovery codes; `false` where there was none.
///
/// # Errors
/// Those of the database.
pub async fn remove(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from second_factors where user_id = $1", user.0).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// # Errors
/// Those of the database.
pub async fn replace_codes(
    conn: &mut PgConnection,
    user: UserId,
    code_hashes: &[Vec<u8>],
) -> sqlx::Result<()> {
    sqlx::query!("delete from recovery_codes where user_id = $1", user.0).execute(&mut *conn).await?;
    sqlx::query!(
        "insert into recovery_codes (user_id, code_hash) select $1, unnest($2::bytea[])",
        user.0,
        code_hashes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Uses a recovery code up; `false` where it is none of this person's.
///
/// # Errors
/// Those of the database.
pub async fn use_code(conn: &mut PgConnection, user: UserId, code_hash: &[u8; 32]) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from recovery_codes where user_id = $1 and code_hash = $2",
        user.0,
        code_hash.as_slice(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// # Errors
/// Those of the database.
pub async fn count_codes(conn: &mut PgConnection, user: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select count(*) as \"n!\" from recovery_codes where user_id = $1", user.0)
        .fetch_one(conn)
        .await
}

/// # Errors
/// Those of the database.
pub async fn is_host(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select exists (select from competition_hosts where user_id = $1) as \"is!\"",
        user.0,
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn begin_challenge(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    user: UserId,
    origin: Option<&Origin>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into sign_in_challenges (token_hash, user_id, created_at, expires_at, issuer, subject, sid)
         values ($1, $2, $3, $4, $5, $6, $7)",
        token_hash.as_slice(),
        user.0,
        now,
        expires_at,
        origin.map(|origin| origin.issuer.as_str()),
        origin.map(|origin| origin.subject.as_str()),
        origin.and_then(|origin| origin.sid.as_deref()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts a try; whose it is, and from where they came, unless the challenge has run out or had its tries.
///
/// # Errors
/// Those of the database.
pub async fn try_challenge(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<(UserId, Option<Origin>)>> {
    let tried = sqlx::query!(
        "update sign_in_challenges
         set n_tries = n_tries + 1
         where token_hash = $1 and expires_at > $2 and n_tries < 5
         returning user_id as \"user_id: UserId\", issuer, subject, sid",
        token_hash.as_slice(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(tried.map(|row| (row.user_id, Origin::read(row.issuer, row.subject, row.sid))))
}

/// # Errors
/// Those of the database.
pub async fn end_challenges(conn: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from sign_in_challenges where user_id = $1", user.0).execute(conn).await?;
    Ok(())
}

/// Removes challenges that have run out.
///
/// # Errors
/// Those of the database.
pub async fn sweep(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("delete from sign_in_challenges where expires_at <= $1", now).execute(conn).await?;
    Ok(())
}
