//! While an outage lasts that keeps people from sending, ends that pass wait for it, if that was agreed beforehand.
//!
//! An end takes effect when a server says that it is there after it (`is_over()` of the schema). Whoever is about to
//! say so looks for an outage over the end: while it lasts, the end moves out in steps, each as far as the outage has
//! lasted by then, so that no step goes further than the outage's length. Everybody is told at the first step, and when the outage
//! is over of the end that stands.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::extend::later;
use super::model::Incident;
use super::store::holds::{self as store, Held, Waiting};
use crate::accounts::store::users;
use crate::competitions::model::Competition;
use crate::competitions::settings::Timeline;
use crate::competitions::timeline;
use crate::error::Result;
use crate::web::format;

/// For a server that is about to say that it is there.
///
/// # Errors
/// Those of the database.
pub async fn ends_that_passed(
    conn: &mut PgConnection,
    seen_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    store::lock_lasting(conn).await?;
    for waiting in store::waiting(conn, seen_at, now).await? {
        match waiting.held_end_at {
            Some(end_at) => step(conn, &waiting, end_at, now).await?,
            None => begin(conn, &waiting, now).await?,
        }
    }
    Ok(())
}

async fn begin(conn: &mut PgConnection, waiting: &Waiting, now: DateTime<Utc>) -> Result<()> {
    let Some(host) = users::credentials_by_id(conn, waiting.created_by).await? else { return Ok(()) };
    store::hold(conn, waiting, now).await?;
    let until = waiting.ended_at.unwrap_or(now);
    let target = waiting.ends_at + (until - waiting.since);
    let reason = match waiting.ended_at {
        Some(ended_at) => over(&waiting.title, waiting.since, ended_at),
        None => format!(
            "The site has been disturbed since {}, when the competition was to end: {}. It was agreed beforehand \
            that the end is extended by as long as this lasts.",
            format::time(&waiting.since),
            waiting.title,
        ),
    };
    let wish = |before: &Competition| until_at_least(before, target, waiting.since);
    timeline::move_times_as_of(conn, &host.member, waiting.id, wish, &reason, (waiting.since, now)).await?;
    tracing::warn!(
        competition = waiting.id.0,
        incident = waiting.incident.0,
        "the end passed during an outage and waits for it"
    );
    Ok(())
}

async fn step(
    conn: &mut PgConnection,
    waiting: &Waiting,
    end_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let target = end_at + (now - waiting.since);
    let wish = |before: &Competition| until_at_least(before, target, waiting.since);
    timeline::move_times_untold(conn, waiting.id, wish, waiting.since).await?;
    Ok(())
}

/// The ends that waited for an outage, once it is over.
///
/// # Errors
/// Those of the database.
pub async fn release(
    conn: &mut PgConnection,
    incident: &Incident,
    ended_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    for held in store::held(conn, incident.id).await? {
        release_one(conn, &held, incident, ended_at, now).await?;
    }
    Ok(())
}

async fn release_one(
    conn: &mut PgConnection,
    held: &Held,
    incident: &Incident,
    ended_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let length = (ended_at - held.since).max(TimeDelta::zero());
    let wish = |before: &Competition| until_at_least(before, held.end_at + length, held.since);
    let (before, after) = timeline::move_times_untold(conn, held.id, wish, held.since).await?;
    let Some(host) = users::credentials_by_id(conn, held.created_by).await? else { return Ok(()) };
    let at_first = with_end(before, held.end_at);
    let reason = over(&incident.title, held.since, ended_at);
    timeline::tell_moves(conn, &host.member, &at_first, &after, &reason, now).await
}

fn over(title: &str, since: DateTime<Utc>, ended_at: DateTime<Utc>) -> String {
    format!(
        "The site was disturbed from {} to {}, when the competition was to end: {title}. It was agreed beforehand \
        that the end is extended by as much.",
        format::time(&since),
        format::time(&ended_at),
    )
}

/// The end, and deadlines that lie at it, at `target`; where the end is later already, as it is.
fn until_at_least(before: &Competition, target: DateTime<Utc>, as_of: DateTime<Utc>) -> Result<Timeline> {
    let length = before.ends_at.map_or(TimeDelta::zero(), |end| target - end).max(TimeDelta::zero());
    later(before, length, as_of)
}

/// As it was before the end moved in steps.
fn with_end(now: Competition, end_at: DateTime<Utc>) -> Competition {
    let at_first = |at: Option<DateTime<Utc>>| if at == now.ends_at { Some(end_at) } else { at };
    Competition {
        entry_deadline_at: at_first(now.entry_deadline_at),
        merger_deadline_at: at_first(now.merger_deadline_at),
        ends_at: Some(end_at),
        ..now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_move_the_end_out_and_never_in_and_are_told_as_one() {
        let sample = Competition::sample();
        let (starts_at, end_at) = (sample.starts_at.expect("set"), sample.ends_at.expect("set"));
        let hour = TimeDelta::hours(1);
        let before = Competition { entry_deadline_at: Some(end_at), ..sample };
        let moved = |by| until_at_least(&before, end_at + by, starts_at).expect("it runs").ends_at;
        assert_eq!((moved(hour), moved(-hour)), (end_at + hour, end_at));
        let later = Competition {
            ends_at: Some(end_at + hour),
            entry_deadline_at: Some(end_at + hour),
            ..before.clone()
        };
        let at_first = with_end(later, end_at);
        assert_eq!((at_first.ends_at, at_first.entry_deadline_at), (Some(end_at), Some(end_at)));
        assert_eq!(at_first.merger_deadline_at, before.merger_deadline_at, "one of its own");
    }
}
