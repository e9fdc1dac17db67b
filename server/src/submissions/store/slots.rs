//! Every SQL statement about places in the bucket that are open to a file.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ids::{CompetitionId, UserId};

/// A place about to be opened.
#[derive(Debug, Clone, Copy)]
pub struct NewSlot<'a> {
    pub id: Uuid,
    pub user_id: UserId,
    pub competition_id: CompetitionId,
    pub sha256: &'a [u8; 32],
    pub size_bytes: i64,
    pub opened_at: DateTime<Utc>,
}

/// A place whose file nobody took in.
#[derive(Debug, Clone, Copy)]
pub struct Forgotten {
    pub id: Uuid,
    pub user_id: UserId,
    pub competition_id: CompetitionId,
}

/// Opens a place and holds its room; gives the id of the one that is open for the same file already.
///
/// # Errors
/// Those of the database; the file does not fit into the room of the person or the competition.
pub async fn open(conn: &mut PgConnection, new: &NewSlot<'_>) -> sqlx::Result<Uuid> {
    sqlx::query_scalar!(
        "insert into direct_uploads (id, user_id, competition_id, sha256, size_bytes, opened_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (user_id, competition_id, sha256, size_bytes) do update set opened_at = excluded.opened_at
         returning id",
        new.id,
        new.user_id.0,
        new.competition_id.0,
        new.sha256.as_slice(),
        new.size_bytes,
        new.opened_at,
    )
    .fetch_one(conn)
    .await
}

/// A person's open places.
///
/// # Errors
/// Those of the database.
pub async fn count_open(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select count(*) as \"open!\" from direct_uploads where user_id = $1", user_id.0)
        .fetch_one(conn)
        .await
}

/// Lets the room of a place go; one that is gone already is no error.
///
/// # Errors
/// Those of the database.
pub async fn close(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from direct_uploads where id = $1", id).execute(conn).await?;
    Ok(())
}

/// Lets some of the places go that were opened before.
///
/// # Errors
/// Those of the database.
pub async fn close_older(conn: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<Vec<Forgotten>> {
    sqlx::query_as!(
        Forgotten,
        "delete from direct_uploads where id in (
            select id from direct_uploads where opened_at < $1 order by opened_at limit 50)
         returning id, user_id as \"user_id: UserId\", competition_id as \"competition_id: CompetitionId\"",
        before,
    )
    .fetch_all(conn)
    .await
}
