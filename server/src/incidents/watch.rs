//! The house watches itself: it opens incidents by facts, and closes those that it opened.
//!
//! Every server does so; that an incident is open once, and ends once, is up to the database.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::facts::{self, Facts};
use super::model::{Found, TO_BE_SURE, draw};
use super::store::{self, New};
use super::{extend, record};
use crate::app::App;
use crate::error::Result;
use crate::ids::IncidentId;

const EVERY: Duration = Duration::from_secs(60);

/// Runs for ever.
pub async fn watch_forever(app: App) {
    loop {
        if let Err(error) = watch(&app).await {
            tracing::warn!(%error, "the site cannot watch itself; trying again");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What a server does before it serves: what ended while no server was there has ended for nobody yet.
///
/// # Errors
/// Those of the database.
pub async fn arrive(app: &App) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if let Some(id) = pulse(&mut tx, now).await?
        && let Some(incident) = store::find(&mut tx, id).await?
    {
        extend::over_the_end(&mut tx, &incident, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn watch(app: &App) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    pulse(&mut tx, now).await?;
    tx.commit().await?;
    let facts = facts::known(app).await.facts.clone();
    let mut tx = app.db.begin().await?;
    if judge(&mut tx, &facts, now).await? {
        tx.commit().await?;
        app.incidents.forget().await;
    }
    Ok(())
}

/// Says that a server is there; the incident where none was for a while.
async fn pulse(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Option<IncidentId>> {
    match store::pulse(conn, now).await? {
        Some(seen_at) if now - seen_at >= TO_BE_SURE => was_away(conn, seen_at, now).await,
        _ => Ok(None),
    }
}

/// No server was there, which only a server can tell that is there again.
async fn was_away(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<IncidentId>> {
    let Some(id) = begin(conn, Found::Away, since, now).await? else { return Ok(None) };
    finish(conn, Found::Away, id, now).await?;
    Ok(Some(id))
}

/// Opens and closes what the facts say; whether there was anything to do.
async fn judge(conn: &mut PgConnection, facts: &Facts, now: DateTime<Utc>) -> Result<bool> {
    let mut is_new = false;
    for found in Found::WATCHED {
        if let Some(since) = found.since(facts, now) {
            is_new |= begin(conn, found, since, now).await?.is_some();
        } else if found.is_over(facts)
            && let Some(id) = store::lock_open(conn, found).await?
        {
            finish(conn, found, id, now).await?;
            is_new = true;
        }
    }
    Ok(is_new)
}

/// `None` where it is open already.
async fn begin(
    conn: &mut PgConnection,
    found: Found,
    began_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<IncidentId>> {
    let new = New { title: found.title(), affects: found.affects(), found: Some(found), began_at };
    let Some(id) = store::open(conn, &new).await? else { return Ok(None) };
    store::tell(conn, id, found.beginning(), &draw(found.beginning()), None, now).await?;
    tracing::warn!(incident = id.0, what = found.name(), "an incident began");
    Ok(Some(id))
}

async fn finish(conn: &mut PgConnection, found: Found, id: IncidentId, now: DateTime<Utc>) -> Result<()> {
    let Some(incident) = store::find(conn, id).await? else { return Ok(()) };
    store::tell(conn, id, found.end(), &draw(found.end()), None, now).await?;
    record::end(conn, &incident, now, now).await?;
    tracing::info!(incident = id.0, what = found.name(), "an incident is over");
    Ok(())
}
