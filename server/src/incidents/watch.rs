//! The house watches itself: it opens incidents by facts, and closes those that it opened.
//!
//! Every server does so; that an incident is open once, and ends once, is up to the database.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::facts::{self, Facts};
use super::model::{Found, TO_BE_SURE, draw};
use super::store::{self, New, holds};
use super::{extend, hold, record};
use crate::app::App;
use crate::error::Result;
use crate::ids::IncidentId;

const EVERY: Duration = Duration::from_secs(60);
/// Where the database did not answer. Nothing has ended meanwhile, and people wait for it.
const AGAIN: Duration = Duration::from_secs(3);
/// It looks so long before an end, so that what fails right after it is known to have failed before.
const AHEAD: TimeDelta = TimeDelta::seconds(20);
const AT_ONCE: Duration = Duration::from_millis(50);

/// Runs for ever.
pub async fn watch_forever(app: App) {
    loop {
        let pause = match watch_and_plan(&app).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "the site cannot watch itself; trying again");
                AGAIN
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn watch_and_plan(app: &App) -> Result<Duration> {
    watch(app).await?;
    let now = app.clock.now();
    let next_end = holds::next_end(&mut *app.db.acquire().await?, now).await?;
    Ok(next_end.map_or(EVERY, |end| pause(end - now)))
}

/// Until shortly before the next end, then until right after it.
fn pause(until_end: TimeDelta) -> Duration {
    let wait = if until_end > AHEAD { until_end - AHEAD } else { until_end };
    wait.to_std().unwrap_or_default().saturating_add(AT_ONCE).min(EVERY)
}

/// What a server does before it serves: what ended while no server was there has ended for nobody yet.
///
/// # Errors
/// Those of the database.
pub async fn arrive(app: &App) -> Result<()> {
    let mut tx = app.db.begin().await?;
    pulse(&mut tx, None, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn watch(app: &App) -> Result<()> {
    if is_any_end_in_doubt(app).await? {
        app.incidents.forget().await;
    }
    let facts = facts::known(app).await.facts.clone();
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    pulse(&mut tx, facts.files_fail_since, now).await?;
    tx.commit().await?;
    let mut tx = app.db.begin().await?;
    if judge(&mut tx, &facts, now).await? {
        tx.commit().await?;
        app.incidents.forget().await;
    }
    Ok(())
}

/// Asked before the facts are known, since an end waits for facts that are new, and these take longer than the pulse may
/// stay locked; [`pulse`] asks again under its own lock.
async fn is_any_end_in_doubt(app: &App) -> Result<bool> {
    let mut tx = app.db.begin().await?;
    let Some(seen_at) = store::lock_pulse(&mut tx).await? else { return Ok(false) };
    Ok(holds::latest_in_doubt(&mut tx, seen_at, app.clock.now()).await?.is_some())
}

/// Says that a server is there. First, ends that passed since one last said so move out where an outage lay over them
/// and that was agreed: the others take effect with it.
async fn pulse(
    conn: &mut PgConnection,
    files_fail_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    if let Some(seen_at) = store::lock_pulse(conn).await? {
        if now - seen_at >= TO_BE_SURE {
            was_away(conn, seen_at, now).await?;
        }
        if let Some(latest_end) = holds::latest_in_doubt(conn, seen_at, now).await? {
            if let Some(since) = files_fail_since.filter(|since| *since < latest_end) {
                begin(conn, Found::Storage, since, now).await?;
            }
            hold::ends_that_passed(conn, seen_at, now).await?;
        }
    }
    Ok(store::pulse(conn, now).await?)
}

/// No server was there, which only a server can tell that is there again.
async fn was_away(conn: &mut PgConnection, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    let Some(id) = begin(conn, Found::Away, since, now).await? else { return Ok(()) };
    finish(conn, Found::Away, id, now).await?;
    let Some(incident) = store::find(conn, id).await? else { return Ok(()) };
    extend::over_the_end(conn, &incident, now).await
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_shortly_before_an_end_and_right_after_it() {
        let pause = |seconds| super::pause(TimeDelta::seconds(seconds)) - AT_ONCE;
        assert_eq!(super::pause(TimeDelta::days(3)), EVERY);
        assert_eq!(pause(50), Duration::from_secs(30));
        assert_eq!(pause(20), Duration::from_secs(20));
        assert_eq!(pause(3), Duration::from_secs(3));
        assert_eq!(pause(-3), Duration::ZERO);
    }
}
