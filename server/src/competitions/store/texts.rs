//! The pages that hosts write.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::CompetitionId;

/// A page's place in the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLink {
    pub slug: String,
    pub title: String,
}

/// A page as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPage {
    pub slug: String,
    pub title: String,
    pub position: i32,
    pub markdown: String,
    /// Drawn and cleaned when it was saved.
    pub html: String,
    /// Written by the platform from facts; no host has touched it.
    pub is_proposed: bool,
    pub updated_at: DateTime<Utc>,
}

/// # Errors
/// Those of the database.
pub async fn links(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<PageLink>> {
    sqlx::query_as!(
        PageLink,
        "select slug, title from pages where competition_id = $1 order by position, slug",
        id.0,
    )
    .fetch_all(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn all(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<TextPage>> {
    sqlx::query_as!(
        TextPage,
        "select slug, title, position, markdown, html, is_proposed, updated_at
         from pages where competition_id = $1 order by position, slug",
        id.0,
    )
    .fetch_all(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, id: CompetitionId, slug: &str) -> sqlx::Result<Option<TextPage>> {
    sqlx::query_as!(
        TextPage,
        "select slug, title, position, markdown, html, is_proposed, updated_at
         from pages where competition_id = $1 and slug = $2",
        id.0,
        slug,
    )
    .fetch_optional(conn)
    .await
}

/// All pages in the menu's order, and of the one that is shown also what it says.
///
/// # Errors
/// Those of the database.
pub async fn shown(
    conn: &mut PgConnection,
    id: CompetitionId,
    slug: &str,
) -> sqlx::Result<(Vec<PageLink>, Option<TextPage>)> {
    let pages = sqlx::query_as!(
        TextPage,
        "select slug, title, position, case when slug = $2 then markdown else '' end as \"markdown!\",
                case when slug = $2 then html else '' end as \"html!\", is_proposed, updated_at
         from pages where competition_id = $1 order by position, slug",
        id.0,
        slug,
    )
    .fetch_all(conn)
    .await?;
    let links =
        pages.iter().map(|page| PageLink { slug: page.slug.clone(), title: page.title.clone() }).collect();
    Ok((links, pages.into_iter().find(|page| page.slug == slug)))
}

/// What is written into a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing<'a> {
    pub slug: &'a str,
    pub title: &'a str,
    pub markdown: &'a str,
    /// What [`crate::folder::links::draw`] made of `markdown`.
    pub html: &'a str,
    pub is_proposed: bool,
}

/// Writes a page, new or known.
///
/// # Errors
/// Those of the database.
pub async fn save(
    conn: &mut PgConnection,
    id: CompetitionId,
    page: &Writing<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into pages (competition_id, slug, title, position, markdown, html, is_proposed, updated_at)
         values ($1, $2, $3,
                 (select coalesce(max(position), 0) + 1 from pages where competition_id = $1), $4, $5, $6, $7)
         on conflict (competition_id, slug) do update
         set title = excluded.title, markdown = excluded.markdown, html = excluded.html,
             is_proposed = excluded.is_proposed, updated_at = excluded.updated_at",
        id.0,
        page.slug,
        page.title,
        page.markdown,
        page.html,
        page.is_proposed,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts the named pages first, in this order; the others follow in theirs.
///
/// # Errors
/// Those of the database.
pub async fn order(conn: &mut PgConnection, id: CompetitionId, slugs: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        r#"update pages p
           set position = o.position
           from (
                select slug, row_number() over (order by array_position($2, slug) nulls last, position, slug)::int as position
                from pages
                where competition_id = $1
           ) o
           where p.competition_id = $1 and p.slug = o.slug and p.position <> o.position"#,
        id.0,
        slugs,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a page; whether there was one.
///
/// # Errors
/// Those of the database.
pub async fn remove(conn: &mut PgConnection, id: CompetitionId, slug: &str) -> sqlx::Result<bool> {
    let removed = sqlx::query!("delete from pages where competition_id = $1 and slug = $2", id.0, slug)
        .execute(conn)
        .await?;
    Ok(removed.rows_affected() == 1)
}
