//! What stood on a page before: its versions, two of them compared, an older one restored.
//!
//! Never here for others than hosts: a version from before the one that stood at the launch.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::api::conditions::changed_since;
use crate::app::App;
use crate::competitions::access::{RULES, Seen};
use crate::competitions::edit_pages;
use crate::competitions::store::page_versions as store;
use crate::competitions::store::texts::{self, TextPage};
use crate::error::{AppError, Result};
use crate::text_diff::{self, Line};

/// A text that a page had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageVersion {
    pub number: i32,
    pub title: String,
    pub markdown: String,
    /// Empty where the platform proposed it, or the account is gone.
    pub edited_by: String,
    pub edited_at: DateTime<Utc>,
}

impl PageVersion {
    pub fn sample(number: i32) -> Self {
        Self {
            number,
            title: "Prizes".to_owned(),
            markdown: "A *cake*.".to_owned(),
            edited_by: "Host".to_owned(),
            edited_at: DateTime::UNIX_EPOCH,
        }
    }
}

/// Two versions, and the way from one to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub from: PageVersion,
    pub to: PageVersion,
    pub lines: Vec<Line>,
}

/// The first version that the viewer may read: on pages, the first one is told as version 1.
///
/// # Errors
/// Those of the database.
pub async fn first(conn: &mut PgConnection, seen: &Seen, page: &str) -> sqlx::Result<i32> {
    match seen.competition.launched_at.filter(|_| !seen.standing.is_host) {
        Some(launched_at) => store::number_at(conn, seen.competition.id, page, launched_at).await,
        None => Ok(1),
    }
}

/// Versions of a page behind `before`, newest first; none of a page that came with a copied competition and
/// that no host wrote since.
///
/// # Errors
/// [`AppError::NotFound`] where there is no such page and never was.
pub async fn versions(
    conn: &mut PgConnection,
    seen: &Seen,
    page: &str,
    before: i32,
    limit: i64,
) -> Result<Vec<PageVersion>> {
    let found = listed(conn, seen, page, before, limit).await?;
    if found.is_empty() && texts::find(conn, seen.competition.id, page).await?.is_none() {
        return Err(AppError::NotFound);
    }
    Ok(found)
}

async fn listed(
    conn: &mut PgConnection,
    seen: &Seen,
    page: &str,
    before: i32,
    limit: i64,
) -> sqlx::Result<Vec<PageVersion>> {
    let first = first(conn, seen, page).await?;
    store::list(conn, seen.competition.id, page, (first, before), limit).await
}

/// One version.
///
/// # Errors
/// [`AppError::NotFound`] where there is none that the viewer may read.
pub async fn version(conn: &mut PgConnection, seen: &Seen, page: &str, number: i32) -> Result<PageVersion> {
    let found = listed(conn, seen, page, number.saturating_add(1), 1).await?.pop();
    found.filter(|version| version.number == number).ok_or(AppError::NotFound)
}

/// Two versions compared: the newest with the one before it where none is named.
///
/// # Errors
/// As [`version`].
pub async fn compare(
    conn: &mut PgConnection,
    seen: &Seen,
    page: &str,
    (from, to): (Option<i32>, Option<i32>),
) -> Result<Comparison> {
    let to = match to {
        Some(number) => version(conn, seen, page, number).await?,
        None => listed(conn, seen, page, i32::MAX, 1).await?.pop().ok_or(AppError::NotFound)?,
    };
    let from = match from {
        Some(number) => version(conn, seen, page, number).await?,
        // Of the first version, itself.
        None => listed(conn, seen, page, to.number, 1).await?.pop().unwrap_or_else(|| to.clone()),
    };
    let lines = text_diff::compare(&text(&from), &text(&to));
    Ok(Comparison { from, to, lines })
}

/// As it is compared: the title is a line of its own.
fn text(version: &PageVersion) -> String {
    format!("{}\n\n{}", version.title, version.markdown)
}

/// Puts an older version in the place of what stands there, as a new one.
///
/// # Errors
/// [`AppError::NotFound`]; those of [`edit_pages::write_page`].
pub async fn restore(
    app: &App,
    host: &Member,
    seen: &Seen,
    page: &str,
    number: i32,
    condition: impl FnOnce(Option<TextPage>) -> Result<()>,
) -> Result<()> {
    let mut conn = app.db.acquire().await?;
    let old = version(&mut conn, seen, page, number).await?;
    drop(conn);
    edit_pages::write_page(app, host, seen, page, &old.title, &old.markdown, condition).await?;
    Ok(())
}

/// Names what stands on a page, for whoever writes on top of it.
pub fn tag(page: Option<&TextPage>) -> String {
    let Some(page) = page else { return "none".to_owned() };
    let text = format!("{}\0{}", page.title, page.markdown);
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

/// Lets a save through only where what its writer read still stands; an empty `base` asks for nothing.
///
/// # Errors
/// A problem of the kind `precondition`.
pub fn still_stands(base: &str, page: Option<&TextPage>) -> Result<()> {
    if base.is_empty() || base == tag(page) { Ok(()) } else { Err(changed_since()) }
}

/// The rules as a participant accepted them, and as they are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RulesMoved {
    pub accepted_at: DateTime<Utc>,
    pub edited_at: DateTime<Utc>,
    /// The version that was accepted.
    pub from: i32,
    pub to: i32,
}

/// Whether the rules changed since the viewer accepted them.
///
/// # Errors
/// Those of the database.
pub async fn rules_moved(
    conn: &mut PgConnection,
    seen: &Seen,
    viewer: Option<&Member>,
) -> sqlx::Result<Option<RulesMoved>> {
    let Some(viewer) = viewer.filter(|_| seen.standing.team_id.is_some()) else { return Ok(None) };
    let id = seen.competition.id;
    let Some(accepted_at) = store::accepted_at(conn, id, viewer.id).await? else { return Ok(None) };
    let newest = listed(conn, seen, RULES, i32::MAX, 1).await?.pop();
    let Some(newest) = newest.filter(|newest| newest.edited_at > accepted_at) else { return Ok(None) };
    let from = store::number_at(conn, id, RULES, accepted_at).await?;
    let moved = RulesMoved { accepted_at, edited_at: newest.edited_at, from, to: newest.number };
    Ok(Some(moved).filter(|moved| moved.from != moved.to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_goes_through_where_what_was_read_still_stands() {
        let page = TextPage {
            slug: "rules".to_owned(),
            title: "Rules".to_owned(),
            position: 1,
            markdown: "Be fair.".to_owned(),
            html: String::new(),
            is_proposed: false,
            updated_at: DateTime::UNIX_EPOCH,
        };
        let base = tag(Some(&page));
        assert!(still_stands(&base, Some(&page)).is_ok() && still_stands("", Some(&page)).is_ok());
        let other = TextPage { markdown: "Be kind.".to_owned(), ..page.clone() };
        assert!(still_stands(&base, Some(&other)).is_err() && still_stands(&base, None).is_err());
        assert!(still_stands(&tag(None), None).is_ok());
    }
}
