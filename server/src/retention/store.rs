//! Every SQL statement about what is kept for a time.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{Kept, Setting};

/// All of them, as they hold now.
///
/// # Errors
/// Those of the database.
pub async fn all(conn: &mut PgConnection) -> sqlx::Result<Vec<Setting>> {
    let rows = sqlx::query!("select what, days from retention_settings").fetch_all(conn).await?;
    let set: HashMap<String, Option<i32>> = rows.into_iter().map(|row| (row.what, row.days)).collect();
    let setting = |kept: Kept| {
        let days = set.get(kept.name()).copied().unwrap_or(kept.default_days());
        Setting { kept, days }
    };
    Ok(Kept::ALL.into_iter().map(setting).collect())
}

/// # Errors
/// Those of the database.
pub async fn put(conn: &mut PgConnection, kept: Kept, days: Option<i32>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into retention_settings (what, days) values ($1, $2)
         on conflict (what) do update set days = excluded.days",
        kept.name(),
        days,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn forget_sessions(
    conn: &mut PgConnection,
    ending: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let gone = sqlx::query!(
        "delete from sessions where token_hash = any (array(
             select token_hash from sessions where expires_at < $1 order by expires_at limit $2))",
        ending,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}

/// # Errors
/// Those of the database.
pub async fn forget_addresses(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let gone = sqlx::query!(
        "update sessions set ip = '', user_agent = '' where token_hash = any (array(
             select token_hash from sessions
             where last_seen_at < $1 and (ip <> '' or user_agent <> '')
             order by last_seen_at limit $2))",
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}

/// # Errors
/// Those of the database.
pub async fn forget_mails(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let gone = sqlx::query!(
        "delete from mails where id = any (array(
             select id from mails where created_at < $1 order by created_at limit $2))",
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}

/// What is still to be delivered stays.
///
/// # Errors
/// Those of the database.
pub async fn forget_deliveries(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let gone = sqlx::query!(
        "delete from webhook_deliveries where id = any (array(
             select id from webhook_deliveries
             where next_attempt_at is null and created_at < $1
             order by created_at limit $2))",
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}

/// # Errors
/// Those of the database.
pub async fn forget_notifications(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let gone = sqlx::query!(
        "delete from notifications where id = any (array(
             select id from notifications where created_at < $1 order by created_at limit $2))",
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}

/// Of the last year nothing goes, whatever is asked.
///
/// # Errors
/// Those of the database.
pub async fn forget_log(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let gone =
        sqlx::query_scalar!("select forget_log($1, $2) as \"n!\"", before, limit).fetch_one(conn).await?;
    Ok(gone.unsigned_abs())
}
