//! Every SQL statement about incidents.

pub mod holds;
pub mod offers;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::facts::Queue;
use super::model::{Found, Incident, Part, Update};
use crate::ids::{IncidentId, UserId};

/// Of what waits no more is looked at.
const LOOKED_AT: i64 = 1_000;

/// The queue of the scorers and the outbox. Jobs and scorers go by the database's own clock, as leases do.
///
/// # Errors
/// Those of the database.
pub async fn queue(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Queue> {
    sqlx::query_as!(
        Queue,
        "select
            (select extract(epoch from now() - min(created_at))::float8
             from (select created_at from jobs
                   where state = 'queued' and priority < 9 and run_at <= now()
                   order by priority, turn, id limit $2) waiting) as waited_seconds,
            (select extract(epoch from now() - last_seen_at)::float8
             from scorers order by last_seen_at desc limit 1) as scorer_silent_seconds,
            (select extract(epoch from $1 - min(created_at))::float8
             from (select created_at from mails
                   where sent_at is null and attempts > 0
                   order by next_attempt_at limit $2) late) as mail_late_seconds",
        now,
        LOOKED_AT,
    )
    .fetch_one(conn)
    .await
}

struct Row {
    id: IncidentId,
    title: String,
    affects: Vec<String>,
    is_found: bool,
    began_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

/// Those behind `before`, newest first, with all that was told of them.
///
/// # Errors
/// Those of the database.
pub async fn list(conn: &mut PgConnection, before: i64, limit: i64) -> sqlx::Result<Vec<Incident>> {
    let rows = sqlx::query_as!(
        Row,
        "select id as \"id: IncidentId\", title, affects, found is not null as \"is_found!\", began_at, ended_at
         from incidents
         where id < $1
         order by id desc
         limit $2",
        before,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
    let mut told = updates(conn, &ids).await?;
    let whole = |row: Row| Incident {
        updates: told.remove(&row.id).unwrap_or_default(),
        id: row.id,
        title: row.title,
        affects: row.affects.iter().filter_map(|name| Part::named(name)).collect(),
        is_found: row.is_found,
        began_at: row.began_at,
        ended_at: row.ended_at,
    };
    Ok(rows.into_iter().map(whole).collect())
}

async fn updates(conn: &mut PgConnection, ids: &[i64]) -> sqlx::Result<HashMap<IncidentId, Vec<Update>>> {
    let rows = sqlx::query!(
        "select incident_id as \"incident_id: IncidentId\", markdown, html, written_at
         from incident_updates
         where incident_id = any($1)
         order by id desc",
        ids,
    )
    .fetch_all(conn)
    .await?;
    let mut told: HashMap<IncidentId, Vec<Update>> = HashMap::new();
    for row in rows {
        let update = Update { markdown: row.markdown, html: row.html, written_at: row.written_at };
        told.entry(row.incident_id).or_default().push(update);
    }
    Ok(told)
}

/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, id: IncidentId) -> sqlx::Result<Option<Incident>> {
    let found = list(conn, id.0.saturating_add(1), 1).await?.pop();
    Ok(found.filter(|incident| incident.id == id))
}

/// Has others wait until this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn lock(conn: &mut PgConnection, id: IncidentId) -> sqlx::Result<()> {
    sqlx::query!("select id from incidents where id = $1 for update", id.0).fetch_optional(conn).await?;
    Ok(())
}

/// What the house found and that lasts.
///
/// # Errors
/// Those of the database.
pub async fn lock_open(conn: &mut PgConnection, found: Found) -> sqlx::Result<Option<IncidentId>> {
    sqlx::query_scalar!(
        "select id as \"id: IncidentId\" from incidents where found = $1 and ended_at is null for update",
        found.name(),
    )
    .fetch_optional(conn)
    .await
}

pub struct New<'a> {
    pub title: &'a str,
    pub affects: &'a [Part],
    pub found: Option<Found>,
    pub began_at: DateTime<Utc>,
}

/// `None` where the house has found it already.
///
/// # Errors
/// Those of the database.
pub async fn open(conn: &mut PgConnection, new: &New<'_>) -> sqlx::Result<Option<IncidentId>> {
    let affects: Vec<String> = new.affects.iter().map(|part| part.name().to_owned()).collect();
    sqlx::query_scalar!(
        "insert into incidents (title, affects, found, began_at)
         values ($1, $2, $3, $4)
         on conflict do nothing
         returning id as \"id: IncidentId\"",
        new.title,
        &affects,
        new.found.map(Found::name),
        new.began_at,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn tell(
    conn: &mut PgConnection,
    id: IncidentId,
    markdown: &str,
    html: &str,
    by: Option<UserId>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into incident_updates (incident_id, markdown, html, written_by, written_at)
         values ($1, $2, $3, $4, $5)",
        id.0,
        markdown,
        html,
        by.map(|id| id.0),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn end(conn: &mut PgConnection, id: IncidentId, ended_at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update incidents set ended_at = $2 where id = $1 and ended_at is null", id.0, ended_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// When a server last said that it is there. Other servers wait until this transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn lock_pulse(conn: &mut PgConnection) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select seen_at from site_pulse for update").fetch_one(conn).await
}

/// Says that a server is there: what ended before, and did not move, has ended.
///
/// # Errors
/// Those of the database.
pub async fn pulse(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update site_pulse set seen_at = greatest(seen_at, $1)", now).execute(conn).await?;
    Ok(())
}
