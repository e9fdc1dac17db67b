//! Posts as they are read: first ids in an index's order, then the rows that they name.

use sqlx::PgConnection;

use crate::forum::list::Key;
use crate::forum::model::{Person, Post};
use crate::ids::{PostId, SubjectId, UserId};

/// The posts that begin threads, oldest first, behind an id.
///
/// # Errors
/// Those of the database.
pub async fn oldest(
    conn: &mut PgConnection,
    under: SubjectId,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Key>> {
    let ids = sqlx::query_scalar!(
        "select id from posts
         where under_id = $1 and parent_id is null and not is_opening and id > $2
         order by id
         limit $3",
        under.0,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(|id| Key { number: 0, id }).collect())
}

/// The posts that begin threads, most votes first, the older among equals.
///
/// # Errors
/// Those of the database.
pub async fn most_voted(
    conn: &mut PgConnection,
    under: SubjectId,
    from: Key,
    limit: i64,
) -> sqlx::Result<Vec<Key>> {
    let rows = sqlx::query!(
        "select id, n_votes from posts
         where under_id = $1 and parent_id is null and not is_opening
           and n_votes <= $2 and (n_votes < $2 or id > $3)
         order by n_votes desc, id
         limit $4",
        under.0,
        from.votes(),
        from.id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| Key { number: row.n_votes.into(), id: row.id }).collect())
}

/// The ids of answers in these threads behind an id, oldest first, so many of each.
///
/// # Errors
/// Those of the database.
pub async fn answers(
    conn: &mut PgConnection,
    roots: &[i64],
    after: i64,
    of_each: i64,
) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select a.id as \"id!\"
         from unnest($1::bigint[]) as root (id)
         cross join lateral (
             select p.id from posts p
             where p.root_id = root.id and p.id > greatest(root.id, $2::bigint)
             order by p.id
             limit $3
         ) a",
        roots,
        after,
        of_each,
    )
    .fetch_all(conn)
    .await
}

/// Posts by their ids, in no order.
///
/// # Errors
/// Those of the database.
pub async fn posts(conn: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<Post>> {
    let rows = sqlx::query!(
        "select p.id as \"id: PostId\", p.under_id as \"under: SubjectId\", p.parent_id as \"parent: PostId\",
                p.root_id as \"root: PostId\", p.is_opening, p.edited_at, p.html, p.n_votes, p.n_replies,
                s.created_at, s.hidden_at, s.hidden_because, s.deleted_at,
                u.id as \"user_id: UserId\", u.username, u.display_name,
                exists (
                    select from competition_hosts h
                    where h.competition_id = s.competition_id and h.user_id = s.author_id) as \"is_host!\"
         from posts p
         join subjects s on s.id = p.id
         join users u on u.id = s.author_id
         where p.id = any($1)",
        ids,
    )
    .fetch_all(conn)
    .await?;
    let posts = rows.into_iter().map(|row| Post {
        id: row.id,
        under: row.under,
        parent: row.parent,
        root: row.root,
        is_opening: row.is_opening,
        author: Person {
            id: row.user_id,
            username: row.username,
            display_name: row.display_name,
            is_host: row.is_host,
        },
        created_at: row.created_at,
        edited_at: row.edited_at,
        hidden_at: row.hidden_at,
        hidden_because: row.hidden_because,
        deleted_at: row.deleted_at,
        html: row.html,
        n_votes: row.n_votes,
        n_replies: row.n_replies,
    });
    Ok(posts.collect())
}

/// The ids of all posts under a subject, newest first.
///
/// # Errors
/// Those of the database.
pub async fn newest(
    conn: &mut PgConnection,
    under: SubjectId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select id from posts where under_id = $1 and id < $2 order by id desc limit $3",
        under.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}
