//! Every text that a page had.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::competitions::history::PageVersion;
use crate::ids::{CompetitionId, UserId};

/// Puts what stands there on record, where nothing is yet; called before it is replaced or removed.
///
/// # Errors
/// Those of the database.
pub async fn keep_standing(conn: &mut PgConnection, id: CompetitionId, slug: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into page_versions (competition_id, slug, number, title, markdown, edited_at)
         select p.competition_id, p.slug, 1, p.title, p.markdown, p.updated_at
         from pages p
         where p.competition_id = $1 and p.slug = $2
           and not exists (select from page_versions v where v.competition_id = $1 and v.slug = $2)",
        id.0,
        slug,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what a host wrote.
///
/// # Errors
/// Those of the database.
pub async fn keep(
    conn: &mut PgConnection,
    id: CompetitionId,
    slug: &str,
    (title, markdown): (&str, &str),
    host: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into page_versions (competition_id, slug, number, title, markdown, edited_by, edited_at)
         values ($1, $2,
                 (select coalesce(max(number), 0) + 1 from page_versions where competition_id = $1 and slug = $2),
                 $3, $4, $5, $6)",
        id.0,
        slug,
        title,
        markdown,
        host.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Texts of a page from `first` on and behind `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut PgConnection,
    id: CompetitionId,
    slug: &str,
    (first, before): (i32, i32),
    limit: i64,
) -> sqlx::Result<Vec<PageVersion>> {
    sqlx::query_as!(
        PageVersion,
        r#"select v.number, v.title, v.markdown, coalesce(u.display_name, '') as "edited_by!", v.edited_at
           from page_versions v
           left join users u on u.id = v.edited_by
           where v.competition_id = $1 and v.slug = $2 and v.number >= $3 and v.number < $4
           order by v.number desc
           limit $5"#,
        id.0,
        slug,
        first,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The number of the text that stood at a time; the first one where none did.
///
/// # Errors
/// Those of the database.
pub async fn number_at(
    conn: &mut PgConnection,
    id: CompetitionId,
    slug: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        r#"select coalesce((
                select number from page_versions
                where competition_id = $1 and slug = $2 and edited_at <= $3
                order by number desc
                limit 1), 1) as "number!""#,
        id.0,
        slug,
        at,
    )
    .fetch_one(conn)
    .await
}

/// When somebody accepted the rules; `None` for whoever takes no part.
///
/// # Errors
/// Those of the database.
pub async fn accepted_at(
    conn: &mut PgConnection,
    id: CompetitionId,
    user: UserId,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select rules_accepted_at from team_members where competition_id = $1 and user_id = $2",
        id.0,
        user.0,
    )
    .fetch_optional(conn)
    .await
}
