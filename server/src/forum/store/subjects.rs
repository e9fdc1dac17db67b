//! Subjects: who wrote what, where, and whether it is shown.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::forum::model::{Subject, SubjectKind};
use crate::ids::{CompetitionId, SubjectId, UserId};

struct Row {
    id: SubjectId,
    kind: String,
    competition_id: Option<CompetitionId>,
    author_id: UserId,
    created_at: DateTime<Utc>,
    hidden_at: Option<DateTime<Utc>>,
    hidden_because: String,
    deleted_at: Option<DateTime<Utc>>,
}

impl Row {
    /// `None` for a kind that this program does not know.
    fn subject(self) -> Option<Subject> {
        let kind = SubjectKind::named(&self.kind)?;
        let Self { id, competition_id, author_id, created_at, hidden_at, hidden_because, deleted_at, .. } =
            self;
        Some(Subject {
            id,
            kind,
            competition_id,
            author_id,
            created_at,
            hidden_at,
            hidden_because,
            deleted_at,
        })
    }
}

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, id: SubjectId) -> sqlx::Result<Option<Subject>> {
    let row = sqlx::query_as!(
        Row,
        "select id as \"id: SubjectId\", kind, competition_id as \"competition_id: CompetitionId\",
                author_id as \"author_id: UserId\", created_at, hidden_at, hidden_because, deleted_at
         from subjects where id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.and_then(Row::subject))
}

/// What a post is written under.
///
/// # Errors
/// Those of the database.
pub async fn find_under(conn: &mut PgConnection, post: SubjectId) -> sqlx::Result<Option<Subject>> {
    let row = sqlx::query_as!(
        Row,
        "select s.id as \"id: SubjectId\", s.kind, s.competition_id as \"competition_id: CompetitionId\",
                s.author_id as \"author_id: UserId\", s.created_at, s.hidden_at, s.hidden_because,
                s.deleted_at
         from posts p
         join subjects s on s.id = p.under_id
         where p.id = $1",
        post.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.and_then(Row::subject))
}

/// Hides a subject, with words for its author.
///
/// # Errors
/// Those of the database.
pub async fn hide(
    conn: &mut PgConnection,
    id: SubjectId,
    because: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("update subjects set hidden_at = $2, hidden_because = $3 where id = $1", id.0, at, because)
        .execute(conn)
        .await?;
    Ok(())
}

/// Shows a hidden subject again.
///
/// # Errors
/// Those of the database.
pub async fn show(conn: &mut PgConnection, id: SubjectId) -> sqlx::Result<()> {
    sqlx::query!("update subjects set hidden_at = null, hidden_because = '' where id = $1", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// `false` when it was deleted before.
///
/// # Errors
/// Those of the database.
pub async fn delete(conn: &mut PgConnection, id: SubjectId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("update subjects set deleted_at = $2 where id = $1 and deleted_at is null", id.0, now)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}
