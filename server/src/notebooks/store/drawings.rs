//! Drawn versions and the pictures in them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::files::Stored;
use crate::ids::NotebookId;
use crate::notebooks::draw::pictures::{Digest, PictureKind};
use crate::notebooks::draw::{DRAWER, Heading};

/// The page that a version was drawn as.
#[derive(Debug, Clone)]
pub struct DrawnVersion {
    pub storage_key: String,
    pub contents: Json<Vec<Heading>>,
}

/// The drawing of a version by the drawer of today.
///
/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    id: NotebookId,
    number: i32,
) -> sqlx::Result<Option<DrawnVersion>> {
    sqlx::query_as!(
        DrawnVersion,
        "select storage_key, contents as \"contents: Json<Vec<Heading>>\"
         from notebook_drawings
         where notebook_id = $1 and number = $2 and drawer = $3",
        id.0,
        number,
        DRAWER,
    )
    .fetch_optional(conn)
    .await
}

/// Keeps a drawing in the place of an older one; gives the storage key that nothing names any more.
///
/// # Errors
/// Those of the database.
pub async fn put(
    conn: &mut PgConnection,
    id: NotebookId,
    number: i32,
    stored: &Stored,
    contents: &[Heading],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<String>> {
    let replaced = sqlx::query_scalar!(
        "select storage_key from notebook_drawings where notebook_id = $1 and number = $2 for update",
        id.0,
        number,
    )
    .fetch_optional(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into notebook_drawings (notebook_id, number, drawer, storage_key, size_bytes, contents, drawn_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (notebook_id, number) do update
         set drawer = excluded.drawer, storage_key = excluded.storage_key, size_bytes = excluded.size_bytes,
             contents = excluded.contents, drawn_at = excluded.drawn_at",
        id.0,
        number,
        DRAWER,
        stored.key,
        i64::try_from(stored.size_bytes).unwrap_or(i64::MAX),
        Json(contents) as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(replaced)
}

/// Has the search find a notebook by what this version says, if it is the newest.
///
/// # Errors
/// Those of the database.
pub async fn put_sources(
    conn: &mut PgConnection,
    id: NotebookId,
    number: i32,
    sources: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update notebook_words w
         set sources = $3, is_read = true
         from notebooks n
         where w.notebook_id = $1 and n.id = $1 and n.latest = $2 and (w.sources <> $3 or not w.is_read)",
        id.0,
        number,
        sources,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest version of a notebook that the search knows by its title alone.
#[derive(Debug, Clone)]
pub struct Unread {
    pub notebook_id: NotebookId,
    pub number: i32,
    pub storage_key: String,
    pub size_bytes: i64,
}

/// The newest of them below `before`.
///
/// # Errors
/// Those of the database.
pub async fn next_unread(conn: &mut PgConnection, before: i64) -> sqlx::Result<Option<Unread>> {
    sqlx::query_as!(
        Unread,
        "select v.notebook_id as \"notebook_id: NotebookId\", v.number, v.storage_key, v.size_bytes
         from notebook_words w
         join notebooks n on n.id = w.notebook_id
         join notebook_versions v on v.notebook_id = n.id and v.number = n.latest
         where not w.is_read and w.notebook_id < $1
         order by w.notebook_id desc
         limit 1",
        before,
    )
    .fetch_optional(conn)
    .await
}

/// Which of these pictures are stored.
///
/// # Errors
/// Those of the database.
pub async fn known_pictures(
    conn: &mut PgConnection,
    id: NotebookId,
    digests: &[Vec<u8>],
) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!(
        "select digest from notebook_pictures where notebook_id = $1 and digest = any($2)",
        id.0,
        digests,
    )
    .fetch_all(conn)
    .await
}

/// Where a picture lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPicture {
    pub digest: Digest,
    pub kind: PictureKind,
    pub storage_key: String,
    pub starts_at: u64,
    pub size_bytes: u64,
}

/// Adds pictures that lie one behind the other in one file.
///
/// # Errors
/// Those of the database.
pub async fn add_pictures(
    conn: &mut PgConnection,
    id: NotebookId,
    storage_key: &str,
    pictures: &[StoredPicture],
) -> sqlx::Result<()> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let digests: Vec<Vec<u8>> = pictures.iter().map(|picture| picture.digest.0.to_vec()).collect();
    let kinds: Vec<String> = pictures.iter().map(|picture| picture.kind.name().to_owned()).collect();
    let starts: Vec<i64> = pictures.iter().map(|picture| number(picture.starts_at)).collect();
    let sizes: Vec<i64> = pictures.iter().map(|picture| number(picture.size_bytes)).collect();
    sqlx::query!(
        "insert into notebook_pictures (notebook_id, digest, kind, storage_key, starts_at, size_bytes)
         select $1, p.digest, p.kind, $2, p.starts_at, p.size_bytes
         from unnest($3::bytea[], $4::text[], $5::bigint[], $6::bigint[]) as p (digest, kind, starts_at, size_bytes)
         on conflict (notebook_id, digest) do nothing",
        id.0,
        storage_key,
        &digests,
        &kinds,
        &starts,
        &sizes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn find_picture(
    conn: &mut PgConnection,
    id: NotebookId,
    digest: Digest,
) -> sqlx::Result<Option<StoredPicture>> {
    let row = sqlx::query!(
        "select kind, storage_key, starts_at, size_bytes from notebook_pictures where notebook_id = $1 and digest = $2",
        id.0,
        digest.0.as_slice(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.and_then(|row| {
        Some(StoredPicture {
            digest,
            kind: PictureKind::named(&row.kind)?,
            storage_key: row.storage_key,
            starts_at: row.starts_at.unsigned_abs(),
            size_bytes: row.size_bytes.unsigned_abs(),
        })
    }))
}
