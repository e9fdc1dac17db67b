//! What one person is told.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{SubjectId, UserId};
use crate::notifications::model::{Event, Notification, Place, Reason};

/// More unread ones are not counted.
pub const COUNTED_AT_MOST: i64 = 100;
/// Characters of a post that are shown.
const EXCERPT: i32 = 240;

/// Newest first, without what is not shown any more or may not be seen any more.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Notification>> {
    sqlx::query_as!(
        Notification,
        "select id as \"id!\", event as \"event!: Event\", reason as \"reason!: Reason\",
                subject_id as \"subject_id: SubjectId\", is_post as \"is_post!\",
                competition_slug as \"competition_slug!\", actor as \"actor!\",
                title as \"title!\", left(plain, $4) as \"excerpt!\", words as \"words!\",
                created_at as \"created_at!\", read_at, owner, slug
         from readable_notifications
         where user_id = $1 and id < $2
         order by id desc
         limit $3",
        user.0,
        before,
        limit,
        EXCERPT,
    )
    .fetch_all(conn)
    .await
}

/// Marks one as read and says where it leads; `None` when there is none.
///
/// # Errors
/// Those of the database.
pub async fn mark_read(
    conn: &mut PgConnection,
    user: UserId,
    id: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Place>> {
    sqlx::query_as!(
        Place,
        "update notifications n set read_at = coalesce(read_at, $3)
         where n.id = $2 and n.user_id = $1
         returning n.event as \"event: Event\", n.subject_id as \"subject_id: SubjectId\",
                   (select o.username from notebooks k join users o on o.id = k.owner_id where k.id = n.subject_id) as owner,
                   (select k.slug from notebooks k where k.id = n.subject_id) as slug,
                   coalesce((select c.slug from competitions c where c.id = n.competition_id), '') as \"competition_slug!\"",
        user.0,
        id,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn mark_all_read(conn: &mut PgConnection, user: UserId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update notifications set read_at = $2 where user_id = $1 and read_at is null", user.0, now)
        .execute(conn)
        .await?;
    Ok(())
}
