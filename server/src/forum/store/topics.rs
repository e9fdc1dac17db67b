//! Topics.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::forum::model::{Forum, Subject, SubjectKind, Topic};
use crate::ids::{ForumId, PostId, SubjectId, TopicId, UserId};

/// A new topic, whose opening post follows in the same transaction.
///
/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    forum: &Forum,
    author: UserId,
    title: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Subject> {
    let id = sqlx::query_scalar!(
        "with subject as (
             insert into subjects (kind, competition_id, author_id, created_at)
             values ('topic', $1, $2, $3)
             returning id
         )
         insert into topics (id, forum_id, title, active_at)
         select id, $4, $5, $3 from subject
         returning id as \"id: SubjectId\"",
        forum.competition_id.map(|id| id.0),
        author.0,
        now,
        forum.id.0,
        title,
    )
    .fetch_one(conn)
    .await?;
    Ok(Subject {
        id,
        kind: SubjectKind::Topic,
        competition_id: forum.competition_id,
        author_id: author,
        created_at: now,
        hidden_at: None,
        hidden_because: String::new(),
        deleted_at: None,
    })
}

/// # Errors
/// Those of the database.
pub async fn locked_at(conn: &mut PgConnection, topic: SubjectId) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select locked_at from topics where id = $1", topic.0).fetch_one(conn).await
}

/// How many replies a topic has; none comes before this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn lock_n_replies(conn: &mut PgConnection, topic: SubjectId) -> sqlx::Result<i32> {
    sqlx::query_scalar!("select n_replies from topics where id = $1 for no key update", topic.0)
        .fetch_one(conn)
        .await
}

/// # Errors
/// Those of the database.
pub async fn rename(conn: &mut PgConnection, topic: SubjectId, title: &str) -> sqlx::Result<()> {
    sqlx::query!("update topics set title = $2 where id = $1", topic.0, title).execute(conn).await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn accept(conn: &mut PgConnection, topic: SubjectId, answer: Option<PostId>) -> sqlx::Result<()> {
    sqlx::query!(
        "update topics set accepted_post_id = $2 where id = $1",
        topic.0,
        answer.map(|post| post.0),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A topic's own row.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, id: SubjectId) -> sqlx::Result<Option<Topic>> {
    sqlx::query_as!(
        Topic,
        "select id as \"id: TopicId\", forum_id as \"forum_id: ForumId\", title, pinned_at, locked_at,
                accepted_post_id as \"accepted_post_id: PostId\", n_replies, n_votes, active_at
         from topics where id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// The post that a topic begins with.
///
/// # Errors
/// Those of the database.
pub async fn opening_post(conn: &mut PgConnection, topic: SubjectId) -> sqlx::Result<Option<PostId>> {
    sqlx::query_scalar!("select id as \"id: PostId\" from posts where under_id = $1 and is_opening", topic.0)
        .fetch_optional(conn)
        .await
}

/// Pins a topic at `at`, or takes the pin away.
///
/// # Errors
/// Those of the database.
pub async fn pin(conn: &mut PgConnection, topic: SubjectId, at: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!("update topics set pinned_at = $2 where id = $1", topic.0, at).execute(conn).await?;
    Ok(())
}

/// Locks a topic at `at`, or opens it again.
///
/// # Errors
/// Those of the database.
pub async fn lock(conn: &mut PgConnection, topic: SubjectId, at: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!("update topics set locked_at = $2 where id = $1", topic.0, at).execute(conn).await?;
    Ok(())
}

/// Puts a topic into another forum; who may see that one may see the topic from now on.
///
/// # Errors
/// Those of the database.
pub async fn relocate(conn: &mut PgConnection, topic: SubjectId, forum: &Forum) -> sqlx::Result<()> {
    let competition = forum.competition_id.map(|id| id.0);
    sqlx::query!("update topics set forum_id = $2 where id = $1", topic.0, forum.id.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("update subjects set competition_id = $2 where id = $1", topic.0, competition)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "update subjects set competition_id = $2
         where id = any (array(select id from posts where under_id = $1))",
        topic.0,
        competition,
    )
    .execute(conn)
    .await?;
    Ok(())
}
