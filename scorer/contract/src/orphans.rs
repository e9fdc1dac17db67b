//! Which files the tables of scoring name. What they do not name is nobody's, once it is old enough.

use sqlx::PgConnection;

/// Rooms whose files are named by the tables that [`is_named`] asks.
pub const ROOMS: [&str; 7] = ["submissions", "checks", "solutions", "tables", "data", "runs", "influences"];

/// Each answer is found by an index; data files by their competition, which is the second part of a key. The rows of a
/// notebook that was deleted stay, its files do not.
///
/// # Errors
/// Those of the database.
pub async fn is_named(conn: &mut PgConnection, key: &str) -> sqlx::Result<bool> {
    let owner = key.split('/').nth(1).and_then(|owner| owner.parse::<i64>().ok()).unwrap_or_default();
    sqlx::query_scalar!(
        r#"select exists (select from submissions where storage_key = $1 and file_gone_at is null)
               or exists (select from file_checks where storage_key = $1)
               or exists (select from solutions where storage_key = $1)
               or exists (select from labelled_tables where storage_key = $1)
               or exists (select from label_releases where storage_key = $1)
               or exists (select from notebook_runs r join subjects s on s.id = r.notebook_id
                       where r.executed_key = $1 and s.deleted_at is null)
               or exists (select from notebook_run_files f
                       join notebook_runs r on r.id = f.run_id
                       join subjects s on s.id = r.notebook_id
                       where f.storage_key = $1 and s.deleted_at is null)
               or exists (select from uploads where storage_key = $1)
               or exists (select from influences where storage_key = $1)
               or exists (select from covariances where storage_key = $1)
               or exists (select from data_files where competition_id = $2 and storage_key = $1) as "is_named!""#,
        key,
        owner
    )
    .fetch_one(conn)
    .await
}
