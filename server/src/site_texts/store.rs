//! Every SQL statement about the site's texts.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{InForce, Kind, SiteText, Version};
use crate::ids::UserId;

/// Versions that a page names.
const VERSIONS_NAMED: i64 = 100;

/// Which texts hold now.
///
/// # Errors
/// Those of the database.
pub async fn in_force(conn: &mut PgConnection) -> sqlx::Result<InForce> {
    let newest = sqlx::query!(
        "select distinct on (kind) kind, number, markdown <> '' as \"stands!\"
         from site_texts
         where kind in ('imprint', 'terms')
         order by kind, number desc"
    )
    .fetch_all(conn)
    .await?;
    let number = |kind: Kind| {
        newest.iter().find(|text| text.kind == kind.name() && text.stands).map(|text| text.number)
    };
    Ok(InForce { has_imprint: number(Kind::Imprint).is_some(), terms: number(Kind::Terms) })
}

/// The newest version, also one that withdrew the text.
///
/// # Errors
/// Those of the database.
pub async fn newest(conn: &mut PgConnection, kind: Kind) -> sqlx::Result<Option<SiteText>> {
    sqlx::query_as!(
        SiteText,
        "select number, markdown, html, written_at as \"written_at?\"
         from site_texts
         where kind = $1
         order by number desc
         limit 1",
        kind.name(),
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn version(conn: &mut PgConnection, kind: Kind, number: i32) -> sqlx::Result<Option<SiteText>> {
    sqlx::query_as!(
        SiteText,
        "select number, markdown, html, written_at as \"written_at?\"
         from site_texts
         where kind = $1 and number = $2",
        kind.name(),
        number,
    )
    .fetch_optional(conn)
    .await
}

/// The newest versions, newest first.
///
/// # Errors
/// Those of the database.
pub async fn versions(conn: &mut PgConnection, kind: Kind) -> sqlx::Result<Vec<Version>> {
    sqlx::query_as!(
        Version,
        "select number, written_at, markdown = '' as \"is_withdrawal!\"
         from site_texts
         where kind = $1
         order by number desc
         limit $2",
        kind.name(),
        VERSIONS_NAMED,
    )
    .fetch_all(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn insert(
    conn: &mut PgConnection,
    kind: Kind,
    number: i32,
    (markdown, html): (&str, &str),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into site_texts (kind, number, markdown, html, written_at) values ($1, $2, $3, $4, $5)",
        kind.name(),
        number,
        markdown,
        html,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts on record that somebody accepts a version of the terms; once.
///
/// # Errors
/// Those of the database.
pub async fn accept(
    conn: &mut PgConnection,
    user: UserId,
    number: i32,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into terms_acceptances (user_id, number, accepted_at) values ($1, $2, $3) on conflict do nothing",
        user.0,
        number,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When somebody accepted a version of the terms.
///
/// # Errors
/// Those of the database.
pub async fn accepted_at(
    conn: &mut PgConnection,
    user: UserId,
    number: i32,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select accepted_at from terms_acceptances where user_id = $1 and number = $2",
        user.0,
        number,
    )
    .fetch_optional(conn)
    .await
}
