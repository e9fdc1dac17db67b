//! Versions: written once, never changed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::files::Stored;
use crate::ids::{NotebookId, UserId};
use crate::notebooks::model::Version;
use crate::notebooks::push::Facts;

/// One push.
#[derive(Debug, Clone, Copy)]
pub struct NewVersion<'a> {
    pub notebook: NotebookId,
    pub number: i32,
    pub pushed_by: UserId,
    pub message: &'a str,
    pub stored: &'a Stored,
    pub facts: &'a Facts,
}

/// Adds a version and makes it the newest.
///
/// # Errors
/// Those of the database.
pub async fn insert(conn: &mut PgConnection, new: &NewVersion<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notebook_versions (notebook_id, number, pushed_by, pushed_at, message, storage_key, size_bytes,
             sha256, language, n_cells, n_code_cells)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.notebook.0,
        new.number,
        new.pushed_by.0,
        now,
        new.message,
        new.stored.key,
        i64::try_from(new.stored.size_bytes).unwrap_or(i64::MAX),
        new.stored.sha256.as_slice(),
        new.facts.language,
        new.facts.n_cells,
        new.facts.n_code_cells,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update notebooks set latest = $2, updated_at = $3 where id = $1",
        new.notebook.0,
        new.number,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, id: NotebookId, number: i32) -> sqlx::Result<Option<Version>> {
    sqlx::query_as!(
        Version,
        "select v.notebook_id as \"notebook_id: NotebookId\", v.number, u.username as pushed_by, v.pushed_at, v.message,
                v.storage_key, v.size_bytes, v.sha256, v.language, v.n_cells, v.n_code_cells
         from notebook_versions v
         join users u on u.id = v.pushed_by
         where v.notebook_id = $1 and v.number = $2",
        id.0,
        number,
    )
    .fetch_optional(conn)
    .await
}

/// A notebook's versions below `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    id: NotebookId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Version>> {
    sqlx::query_as!(
        Version,
        "select v.notebook_id as \"notebook_id: NotebookId\", v.number, u.username as pushed_by, v.pushed_at, v.message,
                v.storage_key, v.size_bytes, v.sha256, v.language, v.n_cells, v.n_code_cells
         from notebook_versions v
         join users u on u.id = v.pushed_by
         where v.notebook_id = $1 and v.number < $2
         order by v.number desc
         limit $3",
        id.0,
        i32::try_from(before).unwrap_or(i32::MAX),
        limit,
    )
    .fetch_all(conn)
    .await
}

/// How many versions a person pushed since a moment, of all notebooks.
///
/// # Errors
/// Those of the database.
pub async fn count_since(conn: &mut PgConnection, person: UserId, since: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"count!\" from notebook_versions where pushed_by = $1 and pushed_at >= $2",
        person.0,
        since,
    )
    .fetch_one(conn)
    .await
}
