//! Every SQL statement about what is kept for a time.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::model::{FilesGone, Kept, Setting};
use crate::ids::CompetitionId;

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

/// How long an upload waits for its next byte, and then for being used.
///
/// # Errors
/// Those of the database.
pub async fn uploads_wait(conn: &mut PgConnection) -> sqlx::Result<TimeDelta> {
    let kept = Kept::Uploads;
    let set = sqlx::query_scalar!("select days from retention_settings where what = $1", kept.name());
    let days = set.fetch_optional(conn).await?.flatten().or(kept.default_days());
    Ok(TimeDelta::days(i64::from(days.unwrap_or(1))))
}

/// The next competition behind `after` with files of submissions to look at.
///
/// # Errors
/// Those of the database.
pub async fn next_with_old_files(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    after: CompetitionId,
) -> sqlx::Result<Option<CompetitionId>> {
    sqlx::query_scalar!("select next_with_old_files($1, $2) as \"id: CompetitionId\"", before, after.0)
        .fetch_one(conn)
        .await
}

/// Lets files go of a competition's next submissions; gives their keys. `None`: there are no more, or another server, or a
/// computation, is at them.
///
/// # Errors
/// Those of the database.
pub async fn let_go_of_files(
    conn: &mut PgConnection,
    competition: CompetitionId,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Option<Vec<String>>> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    sqlx::query_scalar!("select let_go_of_files($1, $2, $3) as keys", competition.0, before, limit)
        .fetch_one(conn)
        .await
}

/// What was let go of a competition's files; `None` where nothing was.
///
/// # Errors
/// Those of the database.
pub async fn files_gone(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<FilesGone>> {
    sqlx::query_as!(
        FilesGone,
        "select n_gone as n, last_gone_at as \"last_at!\" from files_let_go where competition_id = $1 and n_gone > 0",
        id.0,
    )
    .fetch_optional(conn)
    .await
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

/// Those without a visit since; they end before `ending` all.
///
/// # Errors
/// Those of the database.
pub async fn forget_sessions(
    conn: &mut PgConnection,
    unseen_since: DateTime<Utc>,
    ending: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let gone = sqlx::query!(
        "delete from sessions where token_hash = any (array(
             select token_hash from sessions
             where expires_at < $1 and last_seen_at < $2
             order by expires_at limit $3))",
        ending,
        unseen_since,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}

/// # Errors
/// Those of the database.
pub async fn forget_sign_ins(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let gone = sqlx::query!(
        "delete from account_events where id = any (array(
             select id from account_events where at < $1 order by at limit $2))",
        before,
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

/// Whether it is this server's turn to sweep a room: it is due, and until `until` no other's.
///
/// # Errors
/// Those of the database.
pub async fn take_turn(
    conn: &mut PgConnection,
    room: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "insert into sweeps (room, due_at) values ($1, $3)
         on conflict (room) do update set due_at = excluded.due_at where sweeps.due_at <= $2",
        room,
        now,
        until,
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// When a room is to be swept again.
///
/// # Errors
/// Those of the database.
pub async fn put_off(conn: &mut PgConnection, room: &str, due_at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update sweeps set due_at = $2 where room = $1", room, due_at).execute(conn).await?;
    Ok(())
}

/// Whether a row names a file; each answer is found by an index. The rows of a notebook that was deleted stay, its
/// files do not.
///
/// # Errors
/// Those of the database.
pub async fn is_named(conn: &mut PgConnection, key: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from notebook_versions v join subjects s on s.id = v.notebook_id
                       where v.storage_key = $1 and s.deleted_at is null)
               or exists (select from notebook_drawings d join subjects s on s.id = d.notebook_id
                       where d.storage_key = $1 and s.deleted_at is null)
               or exists (select from notebook_pictures p join subjects s on s.id = p.notebook_id
                       where p.storage_key = $1 and s.deleted_at is null)
               or exists (select from notebook_run_drawings d
                       join notebook_runs r on r.id = d.run_id
                       join subjects s on s.id = r.notebook_id
                       where d.storage_key = $1 and s.deleted_at is null)
               or exists (select from images where storage_key = $1)
               or exists (select from bundle_files where storage_key = $1)
               or exists (select from uploads where storage_key = $1) as "is_named!""#,
        key
    )
    .fetch_one(conn)
    .await
}
