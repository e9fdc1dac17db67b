//! Bundles that wait: what they would become, their reports, their files.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::report::Report;
use crate::files::Stored;
use crate::folder::model::Contents;
use crate::ids::UserId;

/// A file of a bundle, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    pub storage_key: String,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
    /// The key that it is sealed to: it is the solution.
    pub recipient: Option<String>,
}

impl KeptFile {
    /// # Errors
    /// A size that no database holds.
    pub fn new(stored: Stored, recipient: Option<String>) -> anyhow::Result<Self> {
        let size_bytes = i64::try_from(stored.size_bytes)?;
        Ok(Self { storage_key: stored.key, size_bytes, sha256: stored.sha256.to_vec(), recipient })
    }
}

/// A bundle that was just read.
pub struct NewBundle<'a> {
    pub id: Uuid,
    pub kind: &'static str,
    pub contents: &'a Contents,
    pub open_times: &'a [String],
    pub is_direction_open: bool,
    pub report: &'a Report,
    pub files: &'a [KeptFile],
    pub read_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// A bundle that waits for its host's word.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    pub id: Uuid,
    pub kind: String,
    pub contents: Contents,
    /// Times that it does not name.
    pub open_times: Vec<String>,
    /// Whether it does not say if a higher score is better.
    pub is_direction_open: bool,
    pub report: Report,
    pub expires_at: DateTime<Utc>,
}

/// # Errors
/// Those of the database.
pub async fn insert(conn: &mut PgConnection, owner: UserId, bundle: &NewBundle<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into bundles
            (id, owner_id, kind, contents, open_times, is_direction_open, report, read_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        bundle.id,
        owner.0,
        bundle.kind,
        Json(bundle.contents) as _,
        bundle.open_times,
        bundle.is_direction_open,
        Json(bundle.report) as _,
        bundle.read_at,
        bundle.expires_at,
    )
    .execute(&mut *conn)
    .await?;
    for (position, file) in (0_i32..).zip(bundle.files) {
        sqlx::query!(
            "insert into bundle_files (bundle_id, position, storage_key, size_bytes, sha256, recipient)
             values ($1, $2, $3, $4, $5, $6)",
            bundle.id,
            position,
            file.storage_key,
            file.size_bytes,
            file.sha256,
            file.recipient,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// A bundle of this host's that still waits.
///
/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    owner: UserId,
    id: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Bundle>> {
    let row = sqlx::query!(
        "select kind, contents as \"contents: Json<Contents>\", open_times, is_direction_open,
                report as \"report: Json<Report>\", expires_at
         from bundles where id = $1 and owner_id = $2 and expires_at > $3",
        id,
        owner.0,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Bundle {
        id,
        kind: row.kind,
        contents: row.contents.0,
        open_times: row.open_times,
        is_direction_open: row.is_direction_open,
        report: row.report.0,
        expires_at: row.expires_at,
    }))
}

/// The files of a bundle, in the order of its data; the solution comes last.
///
/// # Errors
/// Those of the database.
pub async fn files(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Vec<KeptFile>> {
    sqlx::query_as!(
        KeptFile,
        "select storage_key, size_bytes, sha256, recipient from bundle_files where bundle_id = $1 order by position",
        id,
    )
    .fetch_all(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn n_waiting(conn: &mut PgConnection, owner: UserId, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"n!\" from bundles where owner_id = $1 and expires_at > $2",
        owner.0,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Removes a host's bundle; gives the keys of its files, or `None` where there is none.
///
/// # Errors
/// Those of the database.
pub async fn remove(conn: &mut PgConnection, owner: UserId, id: Uuid) -> sqlx::Result<Option<Vec<String>>> {
    let keys = keys(conn, id).await?;
    let gone = sqlx::query!("delete from bundles where id = $1 and owner_id = $2", id, owner.0)
        .execute(conn)
        .await?;
    Ok((gone.rows_affected() > 0).then_some(keys))
}

/// Removes the bundle that waited longest beyond its end; gives the keys of its files.
///
/// # Errors
/// Those of the database.
pub async fn remove_expired(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Vec<String>>> {
    let expired = sqlx::query_scalar!(
        "select id from bundles where expires_at <= $1 order by expires_at limit 1 for update skip locked",
        now,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(id) = expired else { return Ok(None) };
    let keys = keys(conn, id).await?;
    sqlx::query!("delete from bundles where id = $1", id).execute(conn).await?;
    Ok(Some(keys))
}

async fn keys(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select storage_key from bundle_files where bundle_id = $1 order by position", id)
        .fetch_all(conn)
        .await
}
