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
