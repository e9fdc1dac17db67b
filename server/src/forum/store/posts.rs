//! Posts and what stood in them before.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::forum::model::Subject;
use crate::ids::{PostId, SubjectId, UserId};
use crate::markdown::Drawn;

/// A post that is not written yet.
#[derive(Debug, Clone, Copy)]
pub struct NewPost<'a> {
    pub under: &'a Subject,
    pub author: UserId,
    pub parent: Option<PostId>,
    /// The first post of the parent's thread.
    pub root: Option<PostId>,
    pub is_opening: bool,
    pub markdown: &'a str,
    pub drawn: &'a Drawn,
}

/// # Errors
/// Those of the database.
pub async fn insert(conn: &mut PgConnection, post: &NewPost<'_>, now: DateTime<Utc>) -> sqlx::Result<PostId> {
    sqlx::query_scalar!(
        "with subject as (
             insert into subjects (kind, competition_id, author_id, created_at)
             values ('post', $1, $2, $3)
             returning id
         )
         insert into posts (id, under_id, parent_id, root_id, is_opening, markdown, html, plain)
         select id, $4, $5::bigint, coalesce($6, id), $7, $8, $9, $10 from subject
         returning id as \"id: PostId\"",
        post.under.competition_id.map(|id| id.0),
        post.author.0,
        now,
        post.under.id.0,
        post.parent.map(|id| id.0),
        post.root.map(|id| id.0),
        post.is_opening,
        post.markdown,
        post.drawn.html,
        post.drawn.plain,
    )
    .fetch_one(conn)
    .await
}

/// Where a post stands.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub under: SubjectId,
    pub root: PostId,
    pub is_opening: bool,
    pub is_shown: bool,
}

/// # Errors
/// Those of the database.
pub async fn place(conn: &mut PgConnection, id: PostId) -> sqlx::Result<Option<Place>> {
    sqlx::query_as!(
        Place,
        "select p.under_id as \"under: SubjectId\", p.root_id as \"root: PostId\", p.is_opening,
                is_shown(s) as \"is_shown!\"
         from posts p
         join subjects s on s.id = p.id
         where p.id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// A post's text before it is changed.
#[derive(Debug, Clone)]
pub struct Text {
    pub is_opening: bool,
    /// Of the topic, where this opens one.
    pub title: Option<String>,
    pub markdown: String,
    pub html: String,
    pub written_at: DateTime<Utc>,
}

/// The text of a post; nobody else changes it before this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn lock_text(conn: &mut PgConnection, id: PostId) -> sqlx::Result<Option<Text>> {
    sqlx::query_as!(
        Text,
        "select p.is_opening,
                case when p.is_opening then (select title from topics t where t.id = p.under_id) end as title,
                p.markdown, p.html, coalesce(p.edited_at, s.created_at) as \"written_at!\"
         from posts p
         join subjects s on s.id = p.id
         where p.id = $1
         for no key update of p",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn keep_version(
    conn: &mut PgConnection,
    id: PostId,
    before: &Text,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into post_versions (post_id, number, title, markdown, html, written_at, replaced_at)
         select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6
         from post_versions where post_id = $1",
        id.0,
        before.title,
        before.markdown,
        before.html,
        before.written_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn replace_text(
    conn: &mut PgConnection,
    id: PostId,
    markdown: &str,
    drawn: &Drawn,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update posts set markdown = $2, html = $3, plain = $4, edited_at = $5 where id = $1",
        id.0,
        markdown,
        drawn.html,
        drawn.plain,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The Markdown of a post.
///
/// # Errors
/// Those of the database.
pub async fn markdown(conn: &mut PgConnection, id: PostId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select markdown from posts where id = $1", id.0).fetch_optional(conn).await
}

/// What stood in a post before.
#[derive(Debug, Clone)]
pub struct Version {
    pub number: i32,
    pub title: Option<String>,
    pub markdown: String,
    pub html: String,
    pub written_at: DateTime<Utc>,
    pub replaced_at: DateTime<Utc>,
}

/// Newest first.
///
/// # Errors
/// Those of the database.
pub async fn versions(
    conn: &mut PgConnection,
    id: PostId,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Version>> {
    sqlx::query_as!(
        Version,
        "select number, title, markdown, html, written_at, replaced_at
         from post_versions
         where post_id = $1 and number < $2
         order by number desc
         limit $3",
        id.0,
        i32::try_from(before).unwrap_or(i32::MAX),
        limit,
    )
    .fetch_all(conn)
    .await
}
