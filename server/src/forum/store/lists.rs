//! Lists of topics: keys in an index's order, joined with what is shown of their rows.

use std::collections::HashMap;

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

/// A topic in its place.
pub struct Placed {
    /// Pinned above the list that was asked for.
    pub is_above: bool,
    pub key: Key,
    pub topic: Listed,
}

struct Row {
    is_above: bool,
    number: i64,
    id: TopicId,
    forum_id: ForumId,
    title: String,
    user_id: UserId,
    username: String,
    display_name: String,
    is_host: bool,
    created_at: DateTime<Utc>,
    active_at: DateTime<Utc>,
    n_replies: i32,
    n_votes: i32,
    is_pinned: bool,
    is_locked: bool,
    is_answered: bool,
}

impl From<Row> for Placed {
    fn from(row: Row) -> Self {
        Self {
            is_above: row.is_above,
            key: Key { number: row.number, id: row.id.0 },
            topic: Listed {
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
                is_pinned: row.is_pinned,
                is_locked: row.is_locked,
                is_answered: row.is_answered,
            },
        }
    }
}

/// Topics whose `id`, `number` and `is_above` the relation `$keys` holds.
macro_rules! topics {
    ($keys:literal $(+ $more_keys:literal)*, $($value:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            "select k.is_above as \"is_above!\", k.number as \"number!\", t.id as \"id: TopicId\",
                    t.forum_id as \"forum_id: ForumId\", t.title, u.id as \"user_id: UserId\", u.username,
                    u.display_name,
                    exists (
                        select from competition_hosts h
                        where h.competition_id = s.competition_id and h.user_id = s.author_id) as \"is_host!\",
                    s.created_at, t.active_at, t.n_replies, t.n_votes, t.pinned_at is not null as \"is_pinned!\",
                    t.locked_at is not null as \"is_locked!\", t.accepted_post_id is not null as \"is_answered!\"
             from " + $keys $(+ $more_keys)* + "
             join topics t on t.id = k.id
             join subjects s on s.id = t.id
             join users u on u.id = s.author_id
             order by k.is_above desc, k.number desc, k.id desc",
            $($value),+
        )
    };
}

/// Topics of a forum by `$column`, the greatest first, of which `$number` is made and `$bound` tells where to go on; before all
/// of them, where the list begins, what is pinned, the newest pin first.
macro_rules! below_the_pinned {
    ($number:literal, $column:literal, $forum:expr, $after:expr, $bound:path, $limit:expr) => {{
        let from = $after.unwrap_or(Key::FIRST);
        topics!(
            "((select t.id, "
                + $number
                + " as number, false as is_above
               from topics t
               join subjects s on s.id = t.id
               where t.forum_id = $1 and t.pinned_at is null and ("
                + $column
                + ", t.id) < ($2, $3)
                 and s.hidden_at is null and s.deleted_at is null
               order by "
                + $column
                + " desc, t.id desc
               limit $4)
              union all
              (select t.id, (extract(epoch from t.pinned_at) * 1000000)::bigint, true
               from topics t
               join subjects s on s.id = t.id
               where $5 and t.forum_id = $1 and t.pinned_at is not null
                 and s.hidden_at is null and s.deleted_at is null
               order by t.pinned_at desc
               limit $6)) k",
            $forum.0,
            $bound(from),
            from.id,
            $limit,
            $after.is_none(),
            PINNED_AT_MOST,
        )
    }};
}

fn placed(rows: Vec<Row>) -> Vec<Placed> {
    rows.into_iter().map(Placed::from).collect()
}

/// The newest activity first; before all of them, where the list begins, what is pinned, the newest pin first.
///
/// # Errors
/// Those of the database.
pub async fn active(
    conn: &mut PgConnection,
    forum: ForumId,
    after: Option<Key>,
    limit: i64,
) -> sqlx::Result<Vec<Placed>> {
    let rows = below_the_pinned!(
        "(extract(epoch from t.active_at) * 1000000)::bigint",
        "t.active_at",
        forum,
        after,
        Key::at,
        limit
    );
    Ok(placed(rows.fetch_all(conn).await?))
}

/// Most votes first, behind what is pinned as in [`active`].
///
/// # Errors
/// Those of the database.
pub async fn most_voted(
    conn: &mut PgConnection,
    forum: ForumId,
    after: Option<Key>,
    limit: i64,
) -> sqlx::Result<Vec<Placed>> {
    let rows = below_the_pinned!("t.n_votes::bigint", "t.n_votes", forum, after, Key::votes, limit);
    Ok(placed(rows.fetch_all(conn).await?))
}

/// The newest first, pinned or not, of those without a reply.
///
/// # Errors
/// Those of the database.
pub async fn unanswered(
    conn: &mut PgConnection,
    forum: ForumId,
    after: Option<Key>,
    limit: i64,
) -> sqlx::Result<Vec<Placed>> {
    let rows = topics!(
        "(select t.id, 0::bigint as number, false as is_above
          from topics t
          join subjects s on s.id = t.id
          where t.forum_id = $1 and t.n_replies = 0 and t.id < $2
            and s.hidden_at is null and s.deleted_at is null
          order by t.id desc
          limit $3) k",
        forum.0,
        after.unwrap_or(Key::FIRST).id,
        limit,
    );
    Ok(placed(rows.fetch_all(conn).await?))
}

/// The first `each` topics of every forum of the whole site: what is pinned, then the newest activity.
///
/// # Errors
/// Those of the database.
pub async fn of_every_forum(
    conn: &mut PgConnection,
    each: i64,
) -> sqlx::Result<HashMap<ForumId, Vec<Listed>>> {
    let rows = topics!(
        "(select id from forums where competition_id is null order by position, id limit 100) f
         cross join lateral (
             (select t.id, (extract(epoch from t.pinned_at) * 1000000)::bigint as number, true as is_above
              from topics t
              join subjects s on s.id = t.id
              where t.forum_id = f.id and t.pinned_at is not null
                and s.hidden_at is null and s.deleted_at is null
              order by t.pinned_at desc
              limit $1)
             union all
             (select t.id, (extract(epoch from t.active_at) * 1000000)::bigint, false
              from topics t
              join subjects s on s.id = t.id
              where t.forum_id = f.id and t.pinned_at is null
                and s.hidden_at is null and s.deleted_at is null
              order by t.active_at desc, t.id desc
              limit $1)
             order by is_above desc, number desc, id desc
             limit $1) k",
        each,
    );
    let mut by_forum: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows.fetch_all(conn).await? {
        by_forum.entry(row.forum_id).or_default().push(Placed::from(row).topic);
    }
    Ok(by_forum)
}

/// The ids of topics that were active last, anywhere that everybody may read, among the `walked` that were active last at all.
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

/// Topics in the order of their ids here.
///
/// # Errors
/// Those of the database.
pub async fn by_ids(conn: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<Listed>> {
    let rows = topics!(
        "(select id, -place as number, false as is_above from unnest($1::bigint[]) with ordinality as given (id, place)) k",
        ids,
    );
    Ok(rows.fetch_all(conn).await?.into_iter().map(|row| Placed::from(row).topic).collect())
}
