//! The verbs: an administrator writes a text, everybody reads it, a member accepts the terms.

use serde_json::json;
use sqlx::PgConnection;

use super::model::{self, Kind, SiteText, Version};
use super::store;
use crate::accounts::model::Member;
use crate::admin;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::markdown;
use crate::site::{self, current};

/// Writes a text, which holds from now on; an empty one withdraws it. The same text again changes nothing.
///
/// # Errors
/// [`AppError::Field`] for a text that is too long, and for none where none stood.
pub async fn write(app: &App, admin: &Member, kind: Kind, typed: &str) -> Result<()> {
    let markdown = model::read(typed)?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    site::store::lock(&mut tx).await?;
    let before = store::newest(&mut tx, kind).await?;
    let standing = before.as_ref().map_or("", |text| text.markdown.as_str());
    if before.is_none() && markdown.is_empty() {
        return Err(AppError::field("markdown", "Write the text first."));
    }
    if standing == markdown {
        return Ok(());
    }
    let number = before.as_ref().map_or(0, |text| text.number) + 1;
    store::insert(&mut tx, kind, number, (&markdown, &markdown::draw(&markdown)), now).await?;
    let detail = json!({ "text": kind.name(), "version": number });
    admin::store::note(&mut tx, now, admin.id, "write_site_text", &detail).await?;
    tx.commit().await?;
    current::refresh(app).await?;
    app.fellows.note_change_of_site();
    Ok(())
}

/// What stands there, or stood there as a named version; and the versions that this reader may read.
///
/// # Errors
/// [`AppError::NotFound`] where there is none, it was withdrawn, or it is past and for administrators alone.
pub async fn read(
    conn: &mut PgConnection,
    kind: Kind,
    number: Option<i32>,
    reader: Option<&Member>,
) -> Result<(SiteText, Vec<Version>)> {
    let sees_past = kind.has_open_past() || reader.is_some_and(|member| member.is_admin);
    if number.is_some() && !sees_past {
        return Err(AppError::NotFound);
    }
    let text = standing(conn, kind, number).await?;
    let versions = if sees_past { store::versions(conn, kind).await? } else { Vec::new() };
    Ok((text, versions))
}

async fn standing(conn: &mut PgConnection, kind: Kind, number: Option<i32>) -> Result<SiteText> {
    let found = match number {
        Some(0) => None,
        Some(number) => {
            return store::version(conn, kind, number).await?.filter(stands).ok_or(AppError::NotFound);
        }
        None => store::newest(conn, kind).await?.filter(stands),
    };
    found.or_else(|| SiteText::of_program(kind)).ok_or(AppError::NotFound)
}

fn stands(text: &SiteText) -> bool {
    !text.markdown.is_empty()
}

/// Accepts the version of the terms that somebody has read.
///
/// # Errors
/// [`AppError::NotFound`] where the site has no terms; [`AppError::Field`] for another version than the one that holds.
pub async fn accept(app: &App, member: &Member, number: i32) -> Result<()> {
    let mut conn = app.db.acquire().await?;
    let holds = store::in_force(&mut conn).await?.terms.ok_or(AppError::NotFound)?;
    if holds != number {
        return Err(AppError::field("version", "The terms have changed. Read the new text, then accept it."));
    }
    store::accept(&mut conn, member.id, number, app.clock.now()).await?;
    Ok(())
}

/// Whether a member has yet to accept the terms that hold.
///
/// # Errors
/// Those of the database.
pub async fn is_due(app: &App, conn: &mut PgConnection, member: &Member) -> sqlx::Result<bool> {
    match app.site.get().texts.terms {
        Some(number) => Ok(store::accepted_at(conn, member.id, number).await?.is_none()),
        None => Ok(false),
    }
}
