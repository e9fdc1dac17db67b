//! Forums.

use sqlx::PgConnection;

use crate::forum::model::Forum;
use crate::ids::{CompetitionId, ForumId};

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, id: ForumId) -> sqlx::Result<Option<Forum>> {
    sqlx::query_as!(
        Forum,
        "select id as \"id: ForumId\", competition_id as \"competition_id: CompetitionId\",
                coalesce(slug, '') as \"slug!\", title, description, n_topics
         from forums where id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn find_general(conn: &mut PgConnection, slug: &str) -> sqlx::Result<Option<Forum>> {
    sqlx::query_as!(
        Forum,
        "select id as \"id: ForumId\", competition_id as \"competition_id: CompetitionId\",
                coalesce(slug, '') as \"slug!\", title, description, n_topics
         from forums where slug = $1",
        slug,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn find_of_competition(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<Forum>> {
    sqlx::query_as!(
        Forum,
        "select id as \"id: ForumId\", competition_id as \"competition_id: CompetitionId\",
                coalesce(slug, '') as \"slug!\", title, description, n_topics
         from forums where competition_id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// The forums of the whole site, in their order.
///
/// # Errors
/// Those of the database.
pub async fn general(conn: &mut PgConnection) -> sqlx::Result<Vec<Forum>> {
    sqlx::query_as!(
        Forum,
        "select id as \"id: ForumId\", competition_id as \"competition_id: CompetitionId\",
                coalesce(slug, '') as \"slug!\", title, description, n_topics
         from forums
         where competition_id is null
         order by position, id
         limit 100",
    )
    .fetch_all(conn)
    .await
}

/// A new forum of the whole site, behind the others; `None` where the address is taken.
///
/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    slug: &str,
    title: &str,
    description: &str,
) -> sqlx::Result<Option<Forum>> {
    sqlx::query_as!(
        Forum,
        "insert into forums (slug, title, description, position)
         select $1, $2, $3, coalesce(max(position), 0) + 1 from forums where competition_id is null
         on conflict (slug) do nothing
         returning id as \"id: ForumId\", competition_id as \"competition_id: CompetitionId\",
                   coalesce(slug, '') as \"slug!\", title, description, n_topics",
        slug,
        title,
        description,
    )
    .fetch_optional(conn)
    .await
}
