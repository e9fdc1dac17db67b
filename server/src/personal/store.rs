//! Every SQL statement about the end of accounts.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{Deletion, Hindrances};
use crate::ids::{NotebookId, UserId};

/// Competitions that are named when somebody has to hand them over.
const NAMED_AT_MOST: i64 = 10;

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Option<Deletion>> {
    sqlx::query_as!(
        Deletion,
        "select asked_at, due_at, removes_posts from account_deletions where user_id = $1",
        user.0,
    )
    .fetch_optional(conn)
    .await
}

/// Of a wish that stands already the choice alone changes.
///
/// # Errors
/// Those of the database.
pub async fn ask(
    conn: &mut PgConnection,
    user: UserId,
    now: DateTime<Utc>,
    due_at: DateTime<Utc>,
    removes_posts: bool,
) -> sqlx::Result<Deletion> {
    sqlx::query_as!(
        Deletion,
        "insert into account_deletions (user_id, asked_at, due_at, removes_posts) values ($1, $2, $3, $4)
         on conflict (user_id) do update set removes_posts = excluded.removes_posts
         returning asked_at, due_at, removes_posts",
        user.0,
        now,
        due_at,
        removes_posts,
    )
    .fetch_one(conn)
    .await
}

/// `false` where nobody asked.
///
/// # Errors
/// Those of the database.
pub async fn cancel(conn: &mut PgConnection, user: UserId) -> sqlx::Result<bool> {
    let gone = sqlx::query!("delete from account_deletions where user_id = $1", user.0).execute(conn).await?;
    Ok(gone.rows_affected() == 1)
}

/// # Errors
/// Those of the database.
pub async fn put_off(conn: &mut PgConnection, user: UserId, due_at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update account_deletions set due_at = $2 where user_id = $1", user.0, due_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// The next whose time has come; others leave it alone until this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn next_due(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Option<(UserId, bool)>> {
    let row = sqlx::query!(
        "select user_id as \"user_id: UserId\", removes_posts from account_deletions
         where due_at <= $1
         order by due_at
         limit 1
         for update skip locked",
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.user_id, row.removes_posts)))
}

/// # Errors
/// Those of the database.
pub async fn hindrances(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Hindrances> {
    let alone_with = sqlx::query_scalar!(
        "select c.title
         from competition_hosts h
         join competitions c on c.id = h.competition_id
         where h.user_id = $1
           and not exists (
               select from competition_hosts o
               join users u on u.id = o.user_id and u.suspended_at is null
               where o.competition_id = h.competition_id and o.user_id <> h.user_id)
         order by h.competition_id desc
         limit $2",
        user.0,
        NAMED_AT_MOST,
    )
    .fetch_all(&mut *conn)
    .await?;
    let is_last_administrator = sqlx::query_scalar!(
        "select exists (select from users where id = $1 and is_admin)
            and not exists (select from users where is_admin and id <> $1) as \"is_last!\"",
        user.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(Hindrances { alone_with, is_last_administrator })
}

/// Notebooks of a person that go with the account: private ones, and where it is wanted those that others read.
///
/// # Errors
/// Those of the database.
pub async fn notebooks_to_remove(
    conn: &mut PgConnection,
    user: UserId,
    removes_posts: bool,
) -> sqlx::Result<Vec<NotebookId>> {
    sqlx::query_scalar!(
        "select n.id as \"id: NotebookId\" from notebooks n
         join subjects s on s.id = n.id and s.deleted_at is null
         where n.owner_id = $1 and ($2 or n.visibility = 'private')
         order by n.id",
        user.0,
        removes_posts,
    )
    .fetch_all(conn)
    .await
}

/// A removed notebook keeps no title.
///
/// # Errors
/// Those of the database.
pub async fn unname_notebook(conn: &mut PgConnection, id: NotebookId) -> sqlx::Result<()> {
    sqlx::query!("update notebooks set title = 'Removed notebook', tags = '{}' where id = $1", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes a person a former member; gives the keys of files that nothing names any more.
///
/// # Errors
/// Those of the database.
pub async fn erase(
    conn: &mut PgConnection,
    user: UserId,
    removes_posts: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    let keys =
        sqlx::query_scalar!("select erase_person($1, $2, $3) as \"keys!\"", user.0, removes_posts, now)
            .fetch_one(conn)
            .await?;
    Ok(keys)
}
