//! Who follows what.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{TopicId, UserId};
use crate::notifications::model::{Follow, Target};
use crate::paths;

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    user: UserId,
    target: Target,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (subject, forum, person) = target.columns();
    sqlx::query!(
        "insert into follows (user_id, subject_id, forum_id, person_id, followed_at)
         values ($1, $2, $3, $4, $5)
         on conflict do nothing",
        user.0,
        subject,
        forum,
        person,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn remove(conn: &mut PgConnection, user: UserId, target: Target) -> sqlx::Result<()> {
    let (subject, forum, person) = target.columns();
    sqlx::query!(
        "delete from follows where user_id = $1 and (subject_id = $2 or forum_id = $3 or person_id = $4)",
        user.0,
        subject,
        forum,
        person,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn exists(conn: &mut PgConnection, user: UserId, target: Target) -> sqlx::Result<bool> {
    let (subject, forum, person) = target.columns();
    sqlx::query_scalar!(
        "select exists (
             select from follows
             where user_id = $1 and (subject_id = $2 or forum_id = $3 or person_id = $4)) as \"follows!\"",
        user.0,
        subject,
        forum,
        person,
    )
    .fetch_one(conn)
    .await
}

/// What somebody follows and may see, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Follow>> {
    let rows = sqlx::query!(
        "select f.id, f.followed_at, t.id as \"topic_id?: TopicId\", t.title as \"topic?\",
                g.slug as \"forum_slug?\", g.title as \"forum?\", c.slug as \"competition_slug?\",
                c.title as \"competition?\", p.username as \"username?\", p.display_name as \"person?\"
         from follows f
         left join subjects s on s.id = f.subject_id and s.hidden_at is null and s.deleted_at is null
         left join topics t on t.id = s.id
         left join forums g on g.id = f.forum_id
         left join competitions c on c.id = g.competition_id
         left join users p on p.id = f.person_id and p.suspended_at is null
         where f.user_id = $1 and f.id < $2
           and num_nonnulls(t.id, g.id, p.id) = 1
           and (s.competition_id is null or sees_competition($1, s.competition_id))
           and (c.id is null or sees_competition($1, c.id))
         order by f.id desc
         limit $3",
        user.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let follows = rows.into_iter().filter_map(|row| {
        let (kind, words, address) = match (row.topic_id, row.username, row.competition_slug) {
            (Some(topic), _, _) => ("topic", row.topic?, paths::topic(topic)),
            (_, Some(username), _) => ("person", row.person?, paths::profile(&username)),
            (_, _, Some(slug)) => ("forum", row.competition?, paths::competition_forum(&slug)),
            _ => ("forum", row.forum?, paths::forum(&row.forum_slug?)),
        };
        Some(Follow { id: row.id, kind, words, address, followed_at: row.followed_at })
    });
    Ok(follows.collect())
}
