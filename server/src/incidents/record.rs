//! The verbs of administrators: open an incident, tell more of it, end it.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::model::{Incident, Wish, checked_end, checked_text, draw};
use super::store::{self, New};
use super::{extend, hold};
use crate::accounts::model::Member;
use crate::admin;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::IncidentId;

/// Tells everybody of something that does not work.
///
/// # Errors
/// [`AppError::Field`] as [`Wish::checked`].
pub async fn open(app: &App, admin: &Member, wish: &Wish) -> Result<IncidentId> {
    let now = app.clock.now();
    let wish = wish.checked(now)?;
    let mut tx = app.db.begin().await?;
    let new = New {
        title: &wish.title,
        affects: &wish.affects,
        found: None,
        began_at: wish.began_at.unwrap_or(now),
    };
    // Without something that was found, there is nothing that could be open already.
    let id = store::open(&mut tx, &new).await?.ok_or(AppError::NotFound)?;
    store::tell(&mut tx, id, &wish.text, &draw(&wish.text), Some(admin.id), now).await?;
    admin::store::note(&mut tx, now, admin.id, "open_incident", &json!({ "incident": id })).await?;
    tx.commit().await?;
    app.incidents.forget().await;
    Ok(id)
}

/// Tells more of an incident, also after its end.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Field`] for the text.
pub async fn update(app: &App, admin: &Member, id: IncidentId, text: &str) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    lock(&mut tx, id).await?;
    let text = checked_text(text)?;
    store::tell(&mut tx, id, &text, &draw(&text), Some(admin.id), now).await?;
    admin::store::note(&mut tx, now, admin.id, "update_incident", &json!({ "incident": id })).await?;
    tx.commit().await?;
    app.incidents.forget().await;
    Ok(())
}

/// Ends an incident with some words, and has hosts asked whom it concerns.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Refused`] where it is over; [`AppError::Field`] for text and time.
pub async fn resolve(
    app: &App,
    admin: &Member,
    id: IncidentId,
    text: &str,
    ended_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let incident = lock(&mut tx, id).await?;
    if incident.ended_at.is_some() {
        return Err(AppError::refused("This incident is already closed."));
    }
    let text = checked_text(text)?;
    let ended_at = checked_end(incident.began_at, ended_at, now)?;
    store::tell(&mut tx, id, &text, &draw(&text), Some(admin.id), now).await?;
    end(&mut tx, &incident, ended_at, now).await?;
    let detail = json!({ "incident": id, "ended_at": ended_at });
    admin::store::note(&mut tx, now, admin.id, "resolve_incident", &detail).await?;
    tx.commit().await?;
    app.incidents.forget().await;
    Ok(())
}

/// The end of an incident, whoever says so, and of what waited for it.
///
/// # Errors
/// Those of the database.
pub async fn end(
    conn: &mut PgConnection,
    incident: &Incident,
    ended_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    store::end(conn, incident.id, ended_at).await?;
    hold::release(conn, incident, ended_at, now).await?;
    extend::ask(conn, &Incident { ended_at: Some(ended_at), ..incident.clone() }, now).await
}

async fn lock(conn: &mut PgConnection, id: IncidentId) -> Result<Incident> {
    store::lock(conn, id).await?;
    store::find(conn, id).await?.ok_or(AppError::NotFound)
}
