//! An outage may move the end of a competition out by its length, if a host agrees.
//!
//! The rule: when an incident is over that kept people from pages or from sending, and that lasted five minutes or
//! more, the hosts of every competition that had begun, still runs, and ends within seven days are asked once. A yes
//! moves the end by exactly the incident's length, as hosts move times, with the incident as the reason that everybody
//! reads; deadlines that lie at the end move with it. Nobody can say yes once the competition is over: with its end
//! its private scores are out. Where the end itself passed while no server was there, or none that had the database,
//! nothing is out before a server says that it is there: it moves then, if the host agreed beforehand. For an outage that
//! lasts while servers serve, see [`super::hold`].

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::model::{Incident, Part, TO_BE_SURE};
use super::store::offers::{self as store, Offer};
use crate::accounts::model::Member;
use crate::accounts::store::users;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::{Competition, Phase};
use crate::competitions::settings::Timeline;
use crate::competitions::timeline;
use crate::error::{AppError, Result};
use crate::ids::IncidentId;
use crate::notifications::tell;
use crate::web::format;

/// A competition that ends later than this after the outage has time enough.
const SOON: TimeDelta = TimeDelta::days(7);

/// Asks the hosts whom an incident concerns that is over.
///
/// # Errors
/// Those of the database.
pub async fn ask(conn: &mut PgConnection, incident: &Incident, now: DateTime<Utc>) -> Result<()> {
    let Some(ended_at) = incident.ended_at else { return Ok(()) };
    let kept_people_away = incident.affects.iter().any(|part| matches!(part, Part::Pages | Part::Uploads));
    if !kept_people_away || ended_at - incident.began_at < TO_BE_SURE {
        return Ok(());
    }
    for asked in store::ask(conn, incident.id, ended_at, ended_at + SOON, now).await? {
        let sentence = format!(
            "{}: the site was disturbed for {}. Should the end be extended by as much?",
            asked.title,
            incident.length(&now)
        );
        tell::of_outage(conn, asked.id, incident.id, &sentence, now).await?;
    }
    Ok(())
}

/// Moves the ends that passed while nobody was there, where hosts agreed beforehand. Only for a server that has not
/// said yet that it is there.
///
/// # Errors
/// Those of the database.
pub async fn over_the_end(conn: &mut PgConnection, incident: &Incident, now: DateTime<Utc>) -> Result<()> {
    let (began_at, length) = (incident.began_at, now - incident.began_at);
    for ended in store::ended_unseen(conn, began_at, now).await? {
        let Some(host) = users::credentials_by_id(conn, ended.created_by).await? else { continue };
        store::agreed_beforehand(conn, incident.id, ended.id, host.member.id, now).await?;
        let reason = format!(
            "The site could not be reached from {} to {}, when the competition was to end. It was agreed beforehand \
            that the end is extended by as much.",
            format::time(&began_at),
            format::time(&now),
        );
        let later = |before: &Competition| later(before, length, began_at);
        timeline::move_times_as_of(conn, &host.member, ended.id, later, &reason, (began_at, now)).await?;
        tracing::warn!(
            competition = ended.id.0,
            title = ended.title,
            "the end passed during an outage and moves out"
        );
    }
    Ok(())
}

/// A host's answer, which is final.
///
/// # Errors
/// [`AppError::NotFound`] where nobody was asked; [`AppError::Refused`] where it is answered, or too late.
pub async fn answer(
    app: &App,
    host: &Member,
    seen: &Seen,
    incident: IncidentId,
    is_accepted: bool,
) -> Result<Offer> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    crate::competitions::store::drafts::lock(&mut tx, id).await?;
    let offer = store::find(&mut tx, id, incident).await?.ok_or(AppError::NotFound)?;
    if offer.is_accepted.is_some() {
        return Err(AppError::refused("This question has already been answered."));
    }
    store::answer(&mut tx, id, incident, is_accepted, host.id, now).await?;
    if is_accepted {
        let reason = reason(&offer);
        let length = offer.length();
        timeline::move_times_within(&mut tx, host, id, |before| later(before, length, now), &reason, now)
            .await?;
    }
    let answered = store::find(&mut tx, id, incident).await?.ok_or(AppError::NotFound)?;
    tx.commit().await?;
    Ok(answered)
}

fn reason(offer: &Offer) -> String {
    format!(
        "The site was disturbed from {} to {}: {}.",
        format::time(&offer.began_at),
        format::time(&offer.ended_at),
        offer.title
    )
}

/// The end, and deadlines that lie at it, later by a length.
///
/// # Errors
/// [`AppError::Refused`] where it was over at `now`.
pub fn later(before: &Competition, length: TimeDelta, now: DateTime<Utc>) -> Result<Timeline> {
    let (Phase::Open | Phase::Upcoming, Some(starts_at), Some(ends_at)) =
        (before.phase(now), before.starts_at, before.ends_at)
    else {
        return Err(AppError::refused(
            "The competition is over and its private scores are out: the end can no longer \
        be moved.",
        ));
    };
    let moved = |at: Option<DateTime<Utc>>| match at {
        Some(at) if at < ends_at => at,
        _ => ends_at + length,
    };
    Ok(Timeline {
        starts_at,
        entry_deadline_at: moved(before.entry_deadline_at),
        merger_deadline_at: moved(before.merger_deadline_at),
        ends_at: ends_at + length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_moves_by_the_length_and_deadlines_at_the_end_with_it() {
        let sample = Competition::sample();
        let (starts_at, ends_at) = (sample.starts_at.expect("set"), sample.ends_at.expect("set"));
        let week_before = ends_at - TimeDelta::days(7);
        let before = Competition {
            settled_at: None,
            entry_deadline_at: Some(week_before),
            merger_deadline_at: Some(ends_at),
            ..sample
        };
        let length = TimeDelta::minutes(91);
        let after = later(&before, length, starts_at).expect("it runs");
        assert_eq!((after.entry_deadline_at, after.merger_deadline_at), (week_before, ends_at + length));
        assert_eq!(after.ends_at, ends_at + length);
        assert!(matches!(later(&before, length, ends_at), Err(AppError::Refused(_))));
    }
}
