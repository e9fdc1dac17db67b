//! Every SQL statement about announcements.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{Announcement, Wish};
use crate::ids::{BulletinId, CompetitionId};

/// When the `n`th newest announcement of a competition was posted.
///
/// # Errors
/// Those of the database.
pub async fn nth_newest(
    conn: &mut PgConnection,
    competition: CompetitionId,
    n: i64,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select b.posted_at
         from announcements a
         join bulletins b on b.id = a.id
         where a.competition_id = $1
         order by a.id desc
         offset $2
         limit 1",
        competition.0,
        n - 1,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    competition: CompetitionId,
    id: BulletinId,
    wish: &Wish,
    html: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into announcements (id, competition_id, title, markdown, html) values ($1, $2, $3, $4, $5)",
        id.0,
        competition.0,
        wish.title,
        wish.text,
        html,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn correct(
    conn: &mut PgConnection,
    id: BulletinId,
    wish: &Wish,
    html: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update announcements set title = $2, markdown = $3, html = $4, corrected_at = $5 where id = $1",
        id.0,
        wish.title,
        wish.text,
        html,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn withdraw(
    conn: &mut PgConnection,
    id: BulletinId,
    because: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update announcements set withdrawn_at = $3, withdrawn_because = $2 where id = $1",
        id.0,
        because,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One of a competition.
///
/// # Errors
/// Those of the database.
pub async fn find(
    conn: &mut PgConnection,
    competition: CompetitionId,
    id: BulletinId,
) -> sqlx::Result<Option<Announcement>> {
    let found = list(conn, competition, id.0.saturating_add(1), 1).await?.pop();
    Ok(found.filter(|announcement| announcement.id == id))
}

/// Those of a competition behind `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    competition: CompetitionId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Announcement>> {
    sqlx::query_as!(
        Announcement,
        r#"select a.id as "id: BulletinId", a.title, a.markdown, a.html,
                  coalesce(u.display_name, '') as "posted_by!", b.posted_at, a.corrected_at, a.withdrawn_at,
                  a.withdrawn_because
           from announcements a
           join bulletins b on b.id = a.id
           left join users u on u.id = b.posted_by
           where a.competition_id = $1 and a.id < $2
           order by a.id desc
           limit $3"#,
        competition.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}
