//! Lists of topics: first keys in an index's order, then the rows that they name.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::forum::list::{Key, Listed};
use crate::forum::model::Person;
use crate::ids::{ForumId, TopicId, UserId};

/// Later than anything that can be written.
pub const END_OF_TIME: DateTime<Utc> = match DateTime::from_timestamp(32_503_680_000, 0) {
    Some(year_3000) => year_3000,
    None => DateTime::<Utc>::MAX_UTC,
};
/// Pinned topics shown above a list.
const PINNED_AT_MOST: i64 = 10;

/// # Errors
/// Those of the database.
pub async fn active(
    conn: &mut PgConnection,
    forum: ForumId,
    from: Key,
    limit: i64,
) -> sqlx::Result<Vec<Key>> {
    let rows = sqlx::query!(
        "select t.id, t.active_at
         from topics t
         join subjects s on s.id = t.id
         where t.forum_id = $1 and t.pinned_at is null and (t.active_at, t.id) < ($2, $3)
           and s.hidden_at is null and s.deleted_at is null
         order by t.active_at desc, t.id desc
         limit $4",
        forum.0,
        from.at(),
        from.id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| Key { number: row.active_at.timestamp_micros(), id: row.id }).collect())
}

/// The ids of topics that were active last, anywhere that everybody may read.
///
/// # Errors
/// Those of the database.
pub async fn active_anywhere(conn: &mut PgConnection, walked: i64, limit: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select t.id as \"id!\"
         from (select id, active_at from topics order by active_at desc, id desc limit $1) t
         join subjects s on s.id = t.id and s.hidden_at is null and s.deleted_at is null
         left join competitions c on c.id = s.competition_id
         where c.id is null or is_listed(c)
         order by t.active_at desc, t.id desc
         limit $2",
        walked,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn most_voted(
    conn: &mut PgConnection,
    forum: ForumId,
    from: Key,
    limit: i64,
) -> sqlx::Result<Vec<Key>> {
    let rows = sqlx::query!(
        "select t.id, t.n_votes
         from topics t
         join subjects s on s.id = t.id
         where t.forum_id = $1 and t.pinned_at is null and (t.n_votes, t.id) < ($2, $3)
           and s.hidden_at is null and s.deleted_at is null
         order by t.n_votes desc, t.id desc
         limit $4",
        forum.0,
        from.votes(),
        from.id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| Key { number: row.n_votes.into(), id: row.id }).collect())
}

/// # Errors
/// Those of the database.
pub async fn unanswered(
    conn: &mut PgConnection,
    forum: ForumId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Key>> {
    let ids = sqlx::query_scalar!(
        "select t.id
         from topics t
         join subjects s on s.id = t.id
         where t.forum_id = $1 and t.n_replies = 0 and t.id < $2
           and s.hidden_at is null and s.deleted_at is null
         order by t.id desc
         limit $3",
        forum.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(|id| Key { number: 0, id }).collect())
}

/// The ids of pinned topics, the newest pin first.
///
/// # Errors
/// Those of the database.
pub async fn pinned(conn: &mut PgConnection, forum: ForumId) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select t.id
         from topics t
         join subjects s on s.id = t.id
         where t.forum_id = $1 and t.pinned_at is not null and s.hidden_at is null and s.deleted_at is null
         order by t.pinned_at desc
         limit $2",
        forum.0,
        PINNED_AT_MOST,
    )
    .fetch_all(conn)
    .await
}

/// Topics by their ids, in no order.
///
/// # Errors
/// Those of the database.
pub async fn topics(conn: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<Listed>> {
    let rows = sqlx::query!(
        "select t.id as \"id: TopicId\", t.title, u.id as \"user_id: UserId\", u.username, u.display_name,
                exists (
                    select from competition_hosts h
                    where h.competition_id = s.competition_id and h.user_id = s.author_id) as \"is_host!\",
                s.created_at, t.active_at, t.n_replies, t.n_votes, t.pinned_at, t.locked_at, t.accepted_post_id
         from topics t
         join subjects s on s.id = t.id
         join users u on u.id = s.author_id
         where t.id = any($1)",
        ids,
    )
    .fetch_all(conn)
    .await?;
    let listed = rows.into_iter().map(|row| Listed {
        id: row.id,
        title: row.title,
        author: Person {
            id: row.user_id,
            username: row.username,
            display_name: row.display_name,
            is_host: row.is_host,
        },
        created_at: row.created_at,
        active_at: row.active_at,
        n_replies: row.n_replies,
        n_votes: row.n_votes,
        is_pinned: row.pinned_at.is_some(),
        is_locked: row.locked_at.is_some(),
        is_answered: row.accepted_post_id.is_some(),
    });
    Ok(listed.collect())
}
