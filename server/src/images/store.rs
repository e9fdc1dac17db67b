//! Every SQL statement about images.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::encode::Encoded;
use crate::files::Stored;
use crate::ids::{SubjectId, UserId};

#[derive(Debug, Clone)]
pub struct Image {
    pub owner_id: UserId,
    pub storage_key: String,
    pub content_type: String,
    pub size_bytes: i64,
}

/// How many images somebody sent since a time, counted up to `most`.
///
/// # Errors
/// Those of the database.
pub async fn count_since(
    conn: &mut PgConnection,
    owner: UserId,
    since: DateTime<Utc>,
    most: i64,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"n!\"
         from (select from images where owner_id = $1 and uploaded_at > $2 limit $3) newest",
        owner.0,
        since,
        most,
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    owner: UserId,
    image: &Encoded,
    stored: &Stored,
    now: DateTime<Utc>,
) -> sqlx::Result<Uuid> {
    sqlx::query_scalar!(
        "insert into images (owner_id, storage_key, content_type, width, height, size_bytes, uploaded_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         returning id",
        owner.0,
        stored.key,
        image.content_type,
        i32::try_from(image.width).unwrap_or(i32::MAX),
        i32::try_from(image.height).unwrap_or(i32::MAX),
        i64::try_from(stored.size_bytes).unwrap_or(i64::MAX),
        now,
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Image>> {
    sqlx::query_as!(
        Image,
        "select owner_id as \"owner_id: UserId\", storage_key, content_type, size_bytes from images where id = $1",
        id,
    )
    .fetch_optional(conn)
    .await
}

/// The texts that show an image, at most `limit`.
///
/// # Errors
/// Those of the database.
pub async fn uses(conn: &mut PgConnection, id: Uuid, limit: i64) -> sqlx::Result<Vec<SubjectId>> {
    sqlx::query_scalar!(
        "select subject_id as \"id: SubjectId\" from image_uses where image_id = $1 order by subject_id limit $2",
        id,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Notes that a text shows these images, as far as its author sent them.
///
/// # Errors
/// Those of the database.
pub async fn note_uses(
    conn: &mut PgConnection,
    owner: UserId,
    subject: SubjectId,
    ids: &[Uuid],
) -> sqlx::Result<()> {
    sqlx::query!(
        "with own as (
             update images set is_used = true where id = any($1) and owner_id = $2 returning id
         )
         insert into image_uses (image_id, subject_id)
         select id, $3 from own
         on conflict do nothing",
        ids,
        owner.0,
        subject.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets images that no text showed since `before`, a part at a time; their files are the caller's to
/// remove.
///
/// # Errors
/// Those of the database.
pub async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "delete from images where id = any (array(
             select id from images where not is_used and uploaded_at < $1 order by uploaded_at limit 500
         ))
         returning storage_key",
        before,
    )
    .fetch_all(conn)
    .await
}
