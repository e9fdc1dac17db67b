//! When a competition starts, closes to entries and mergers, and ends. After the launch the start is fixed and everything
//! else only moves later, which everybody reads with the reason.

use chrono::{DateTime, Utc};
use holdout_contract::events::{Event, announce};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::changes::{self, Changed};
use crate::competitions::edit::{audit_again, finish, lock, put_on_record};
use crate::competitions::model::{Competition, Phase};
use crate::competitions::settings::Timeline;
use crate::competitions::store;
use crate::error::{AppError, Result};
use crate::ids::CompetitionId;

/// Changes the timeline; after launch the start is fixed and everything else only moves later, which everybody
/// reads with the reason.
///
/// # Errors
/// [`AppError::Field`] for the time that may not change like this, and for the reason.
pub async fn move_times(
    app: &App,
    host: &Member,
    seen: &Seen,
    timeline: &Timeline,
    reason: &str,
) -> Result<()> {
    edit_timeline(app, host, seen, timeline, None, reason).await
}

/// As [`move_times`], with what becomes of the end where it passes while the site is away.
///
/// # Errors
/// As [`move_times`].
pub async fn edit_timeline(
    app: &App,
    host: &Member,
    seen: &Seen,
    timeline: &Timeline,
    moves_over_outage: Option<bool>,
    reason: &str,
) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let (id, now) = (seen.competition.id, app.clock.now());
    let before = lock(&mut tx, id).await?;
    set_moves_over_outage(&mut tx, &before, moves_over_outage, now).await?;
    move_times_within(&mut tx, host, id, |_| Ok(*timeline), reason, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Says what becomes of the end where it passes while the site is away; `None` leaves it as it is.
///
/// # Errors
/// [`AppError::Field`] once the end has come.
pub(super) async fn set_moves_over_outage(
    conn: &mut PgConnection,
    before: &Competition,
    moves: Option<bool>,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(moves) = moves.filter(|moves| *moves != before.moves_over_outage) else { return Ok(()) };
    if before.ended(now).is_some() {
        let words = "Too late: whether the end waits for an outage is decided before it.";
        return Err(AppError::field("moves_over_outage", words));
    }
    Ok(store::drafts::set_moves_over_outage(conn, before.id, moves).await?)
}

/// As [`move_times`], in a transaction that does more; the times are those that `wish` makes of the competition as it
/// is now.
///
/// # Errors
/// As [`move_times`]; those of the wish.
pub async fn move_times_within(
    conn: &mut PgConnection,
    host: &Member,
    id: CompetitionId,
    wish: impl FnOnce(&Competition) -> Result<Timeline>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    move_times_as_of(conn, host, id, wish, reason, (now, now)).await
}

/// As [`move_times_within`], where what may move goes by the first time, and what is recorded by the second.
///
/// # Errors
/// As [`move_times_within`].
pub async fn move_times_as_of(
    conn: &mut PgConnection,
    host: &Member,
    id: CompetitionId,
    wish: impl FnOnce(&Competition) -> Result<Timeline>,
    reason: &str,
    (as_of, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<()> {
    changes::checked_note("reason", reason)?;
    let (before, timeline) = move_times_untold(conn, id, wish, as_of).await?;
    tell_moves(conn, host, &before, &timeline, reason, now).await
}

/// As [`move_times_as_of`], without a word: gives it as it was, and its times now.
///
/// # Errors
/// As [`move_times_within`].
pub async fn move_times_untold(
    conn: &mut PgConnection,
    id: CompetitionId,
    wish: impl FnOnce(&Competition) -> Result<Timeline>,
    as_of: DateTime<Utc>,
) -> Result<(Competition, Timeline)> {
    let before = lock(conn, id).await?;
    let timeline = wish(&before)?;
    set_timeline(conn, &before, &timeline, as_of).await?;
    audit_again(conn, &before).await?;
    Ok((before, timeline))
}

/// Has everybody read how times moved, and why.
///
/// # Errors
/// [`AppError::Field`] for the reason.
pub async fn tell_moves(
    conn: &mut PgConnection,
    host: &Member,
    before: &Competition,
    timeline: &Timeline,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let reason = changes::checked_note("reason", reason)?;
    changes::record(conn, (before.id, &before.title), host, &what_moved(before, timeline), reason, now)
        .await?;
    put_on_record(conn, host, before.id, "edit_timeline", now).await
}

/// Sets the timeline of a draft that is launched with it at once: what the audit says of the contest's
/// length speaks of the one before, and counts towards no verdict.
///
/// # Errors
/// Those of the database.
pub async fn set_timeline_to_launch(
    app: &App,
    host: &Member,
    seen: &Seen,
    timeline: &Timeline,
) -> Result<()> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let before = lock(&mut tx, id).await?;
    set_timeline(&mut tx, &before, timeline, app.clock.now()).await?;
    finish(app, tx, host, id, "edit_timeline").await
}

/// As after any other change, where the launch that the timeline was set for did not come about.
///
/// # Errors
/// Those of the database.
pub async fn audit_what_was_not_launched(app: &App, before: &Competition) -> Result<()> {
    let mut tx = app.db.begin().await?;
    audit_again(&mut tx, before).await?;
    tx.commit().await?;
    Ok(())
}

/// Sets the times of a competition as it was; gives what of it everybody should read.
///
/// # Errors
/// [`AppError::Field`] for a time that may not change like this after the launch; those of the database.
pub(super) async fn set_timeline(
    conn: &mut PgConnection,
    before: &Competition,
    timeline: &Timeline,
    now: DateTime<Utc>,
) -> Result<Vec<Changed>> {
    if before.launched_at.is_some() {
        only_later(before, timeline, before.phase(now))?;
    }
    store::drafts::set_timeline(conn, before.id, timeline).await?;
    announce(conn, Event::Times { competition_id: before.id.0 }).await?;
    Ok(what_moved(before, timeline))
}

fn what_moved(before: &Competition, timeline: &Timeline) -> Vec<Changed> {
    if before.launched_at.is_some() { changes::moves(before, timeline) } else { Vec::new() }
}

fn only_later(before: &Competition, after: &Timeline, phase: Phase) -> Result<()> {
    if matches!(phase, Phase::Closed | Phase::Final) {
        return Err(AppError::field("ends_at", "It is over: the timeline is final."));
    }
    if before.starts_at != Some(after.starts_at) {
        return Err(AppError::field("starts_at", "The start has been fixed since the launch."));
    }
    for (field, old, new, what) in [
        ("entry_deadline_at", before.entry_deadline_at, after.entry_deadline_at, "The last day to enter"),
        ("merger_deadline_at", before.merger_deadline_at, after.merger_deadline_at, "The last day to merge"),
        ("ends_at", before.ends_at, after.ends_at, "The end"),
    ] {
        if old.is_some_and(|old| new < old) {
            return Err(AppError::field(
                field,
                format!("{what} can be moved later after the launch, but not earlier: people rely on it."),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_launch_times_only_move_later_and_the_start_stays() {
        let before = Competition::sample();
        let (starts_at, ends_at) = (before.starts_at.expect("set"), before.ends_at.expect("set"));
        let later = ends_at + chrono::TimeDelta::days(1);
        let timeline =
            Timeline { starts_at, entry_deadline_at: ends_at, merger_deadline_at: ends_at, ends_at: later };
        assert!(only_later(&before, &timeline, Phase::Open).is_ok());
        assert!(only_later(&before, &timeline, Phase::Final).is_err());
        let sooner = Timeline { ends_at: ends_at - chrono::TimeDelta::days(1), ..timeline };
        assert!(only_later(&before, &sooner, Phase::Open).is_err());
        let moved = Timeline { starts_at: starts_at - chrono::TimeDelta::days(1), ..timeline };
        assert!(only_later(&before, &moved, Phase::Open).is_err());
    }
}
