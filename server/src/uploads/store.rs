//! Every SQL statement about uploads.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, UserId};
use crate::uploads::model::{Purpose, Upload, UploadId};

/// A row about to be written.
pub struct NewUpload<'a> {
    pub id: UploadId,
    pub user_id: UserId,
    pub competition_id: Option<CompetitionId>,
    pub purpose: Purpose,
    pub file_name: &'a str,
    pub metadata: &'a str,
    /// Of an address that needs no other credential.
    pub address_hash: Option<&'a [u8]>,
    /// Of the key under which it lies on the disk.
    pub key_hash: Option<&'a [u8]>,
    pub recipient: Option<&'a str>,
    pub total_bytes: i64,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Uploads of a person that are not spent.
///
/// # Errors
/// Those of the database.
pub async fn count_open(conn: &mut PgConnection, user_id: UserId, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "select count(*) as \"open!\" from uploads where user_id = $1 and spent_at is null and expires_at > $2",
        user_id.0,
        now,
    )
    .fetch_one(conn)
    .await
}

/// The oldest of a person's open uploads whose sender has no way to end it: one with an address of its own.
///
/// # Errors
/// Those of the database.
pub async fn oldest_addressed(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<Option<UploadId>> {
    sqlx::query_scalar!(
        "select id as \"id: UploadId\" from uploads
         where user_id = $1 and spent_at is null and address_hash is not null
         order by created_at
         limit 1",
        user_id.0,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn insert(conn: &mut PgConnection, new: &NewUpload<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into uploads
            (id, user_id, competition_id, purpose, file_name, metadata, address_hash, recipient, total_bytes,
             created_at, expires_at, key_hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id.0,
        new.user_id.0,
        new.competition_id.map(|id| id.0),
        new.purpose.name(),
        new.file_name,
        new.metadata,
        new.address_hash,
        new.recipient,
        new.total_bytes,
        new.created_at,
        new.expires_at,
        new.key_hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    user_id: UserId,
    id: UploadId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Upload>> {
    sqlx::query_as!(
        Upload,
        "select u.id as \"id: UploadId\", u.user_id as \"user_id: UserId\", u.competition_id as \"competition_id: CompetitionId\",
                c.slug as \"slug?\", u.purpose, u.file_name, u.metadata, u.recipient, u.total_bytes, u.received_bytes, u.digest_state,
                u.storage_key, u.expires_at, u.spent_at, u.key_hash, u.veil_tag
         from uploads u
         left join competitions c on c.id = u.competition_id
         where u.id = $1 and u.user_id = $2 and u.expires_at > $3",
        id.0,
        user_id.0,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// By the hash of an address of its own.
///
/// # Errors
/// Those of the database.
pub async fn find_by_address(
    conn: &mut PgConnection,
    address_hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Upload>> {
    sqlx::query_as!(
        Upload,
        "select u.id as \"id: UploadId\", u.user_id as \"user_id: UserId\", u.competition_id as \"competition_id: CompetitionId\",
                c.slug as \"slug?\", u.purpose, u.file_name, u.metadata, u.recipient, u.total_bytes, u.received_bytes, u.digest_state,
                u.storage_key, u.expires_at, u.spent_at, u.key_hash, u.veil_tag
         from uploads u
         left join competitions c on c.id = u.competition_id
         where u.address_hash = $1 and u.expires_at > $2",
        address_hash,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// A person's uploads that are not spent, the oldest first. They are few; see [`super::model::MOST_OPEN`].
///
/// # Errors
/// Those of the database.
pub async fn list_open(
    conn: &mut PgConnection,
    user_id: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Upload>> {
    sqlx::query_as!(
        Upload,
        "select u.id as \"id: UploadId\", u.user_id as \"user_id: UserId\", u.competition_id as \"competition_id: CompetitionId\",
                c.slug as \"slug?\", u.purpose, u.file_name, u.metadata, u.recipient, u.total_bytes, u.received_bytes, u.digest_state,
                u.storage_key, u.expires_at, u.spent_at, u.key_hash, u.veil_tag
         from uploads u
         left join competitions c on c.id = u.competition_id
         where u.user_id = $1 and u.spent_at is null and u.expires_at > $2
         order by u.created_at",
        user_id.0,
        now,
    )
    .fetch_all(conn)
    .await
}

/// How far an upload has come.
#[derive(Debug)]
pub struct Reached<'a> {
    pub bytes: i64,
    pub digest_state: &'a [u8],
    /// Of a veiled file that is whole.
    pub veil_tag: Option<&'a [u8]>,
    pub expires_at: DateTime<Utc>,
}

/// Puts on record which bytes are on the disk; whether the upload stood where it was thought to stand.
///
/// # Errors
/// Those of the database.
pub async fn advance(conn: &mut PgConnection, upload: &Upload, reached: &Reached<'_>) -> sqlx::Result<bool> {
    let outcome = sqlx::query!(
        "update uploads set received_bytes = $3, digest_state = $4, expires_at = $5, veil_tag = $6
         where id = $1 and received_bytes = $2 and storage_key is null",
        upload.id.0,
        upload.received_bytes,
        reached.bytes,
        reached.digest_state,
        reached.expires_at,
        reached.veil_tag,
    )
    .execute(conn)
    .await?;
    Ok(outcome.rows_affected() == 1)
}

/// Begins anew, with another length; whether it could.
///
/// # Errors
/// Those of the database.
pub async fn restart(
    conn: &mut PgConnection,
    id: UploadId,
    total_bytes: i64,
    digest_state: &[u8],
) -> sqlx::Result<bool> {
    let outcome = sqlx::query!(
        "update uploads set received_bytes = 0, digest_state = $3, total_bytes = $2
         where id = $1 and storage_key is null",
        id.0,
        total_bytes,
        digest_state,
    )
    .execute(conn)
    .await?;
    Ok(outcome.rows_affected() == 1)
}

/// Ends a file whose length was not known before.
///
/// # Errors
/// Those of the database.
pub async fn close(conn: &mut PgConnection, id: UploadId) -> sqlx::Result<()> {
    sqlx::query!("update uploads set total_bytes = received_bytes where id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// The key under which a whole upload is kept: the one it has, or else this one.
///
/// # Errors
/// Those of the database; [`sqlx::Error::RowNotFound`] when it is gone.
pub async fn keep_under(conn: &mut PgConnection, id: UploadId, key: &str) -> sqlx::Result<String> {
    sqlx::query_scalar!(
        "update uploads set storage_key = coalesce(storage_key, $2)
         where id = $1 and received_bytes = total_bytes
         returning storage_key as \"storage_key!\"",
        id.0,
        key,
    )
    .fetch_one(conn)
    .await
}

/// Spends an upload; whether it was not spent before.
///
/// # Errors
/// Those of the database.
pub async fn spend(conn: &mut PgConnection, id: UploadId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let outcome =
        sqlx::query!("update uploads set spent_at = $2 where id = $1 and spent_at is null", id.0, now)
            .execute(conn)
            .await?;
    Ok(outcome.rows_affected() == 1)
}

/// What a removed upload leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    pub id: UploadId,
    pub user_id: UserId,
    /// A stored file that belongs to nothing now.
    pub orphan_key: Option<String>,
}

/// # Errors
/// Those of the database.
pub async fn remove(conn: &mut PgConnection, id: UploadId) -> sqlx::Result<Option<Removed>> {
    sqlx::query_as!(
        Removed,
        "delete from uploads where id = $1
         returning id as \"id: UploadId\", user_id as \"user_id: UserId\",
                   case when spent_at is null then storage_key end as orphan_key",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// Removes some of the uploads that waited for too long.
///
/// # Errors
/// Those of the database.
pub async fn remove_expired(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<Removed>> {
    sqlx::query_as!(
        Removed,
        "delete from uploads where id in (
            select id from uploads where expires_at <= $1 order by expires_at limit 50)
         returning id as \"id: UploadId\", user_id as \"user_id: UserId\",
                   case when spent_at is null then storage_key end as orphan_key",
        now,
    )
    .fetch_all(conn)
    .await
}
