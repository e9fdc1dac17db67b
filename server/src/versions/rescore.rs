//! Verbs: begin a version, have everything scored under it, look at what would change, publish it or
//! give it up, go back.

use holdout_contract::events::{Event, announce};
use serde_json::json;

use super::model::{Stage, Version};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::audit::Doubt;
use crate::competitions::store::{drafts, judging};
use crate::competitions::{ladder, propose, setup, supply};
use crate::error::{AppError, Result};
use crate::notifications::model::Event as Told;
use crate::notifications::tell::{self, Bulletin};
use crate::retention::store::files_gone;

const NOT_COMPARED: &str = "The scorers have not compared its split with that of the version that counts now. They do so at once: look at \
     what they find, and start it again.";

const SPLIT_IS_FREE: &str = "It was examined before the end, and since then the split may change. The scorers examine it anew: start it again in a \
     moment.";

/// Longest reason, in characters.
const REASON_CHARS: usize = 1000;

/// Begins a version as a copy of the one that counts; solution and metric can then be changed.
/// Gives its number.
///
/// # Errors
/// [`AppError::Refused`] before launch, while another version is open, and where files were let go.
pub async fn begin(app: &App, host: &Member, seen: &Seen) -> Result<i32> {
    let id = seen.competition.id;
    if seen.competition.launched_at.is_none() {
        return Err(AppError::refused("Before the launch you can change the solution and metric directly."));
    }
    let mut tx = app.db.begin().await?;
    require_files(&mut tx, seen).await?;
    let Some((version_id, number)) = store::begin(&mut tx, id, host.id).await? else {
        return Err(AppError::refused(
            "Another version is being prepared or computed. Publish or discard it first.",
        ));
    };
    supply::examine(&mut tx, id, version_id).await?;
    note(&mut tx, app, host, seen, "begin_version", number, "").await?;
    tx.commit().await?;
    Ok(number)
}

/// Has every submission scored under the version, beside what counts.
///
/// # Errors
/// [`AppError::Field`] without a reason; [`AppError::Refused`] while the examination speaks against it.
pub async fn start(app: &App, host: &Member, seen: &Seen, number: i32, reason: &str) -> Result<()> {
    let reason = read_reason(reason)?;
    let mut tx = app.db.begin().await?;
    let version = find(&mut tx, seen, number).await?;
    if version.stage != Stage::Draft {
        return Err(AppError::refused("This version has already been started."));
    }
    judging::lock_open_version(&mut tx, seen.competition.id).await?;
    let draft = setup::load(&mut tx, &seen.competition).await?;
    if seen.competition.ended(app.clock.now()).is_some() && draft.was_held_to_its_split() {
        supply::examine(&mut tx, seen.competition.id, version.id).await?;
        tx.commit().await?;
        return Err(AppError::refused(SPLIT_IS_FREE));
    }
    let against = setup::findings(&draft);
    if !against.is_empty() {
        let sentences: Vec<String> =
            against.iter().map(|found| format!("{} {}", found.text, found.fix).trim().to_owned()).collect();
        return Err(AppError::Refused(sentences.join(" ")));
    }
    if let Some(doubt) = draft.doubt().filter(|_| draft.version.audit_reason.is_none()) {
        let found = match doubt {
            Doubt::Fail => "found a FAIL",
            Doubt::NotJudged => "could not judge your metric",
        };
        return Err(AppError::Refused(format!(
            "The audit of this version {found}. Write down why that is acceptable, on the page Audit or with \
            `holdout host audit`; all participants can read it beside the rules."
        )));
    }
    require_files(&mut tx, seen).await?;
    if !store::is_split_compared(&mut tx, seen.competition.id, version.id).await? {
        supply::examine(&mut tx, seen.competition.id, version.id).await?;
        tx.commit().await?;
        return Err(AppError::refused(NOT_COMPARED));
    }
    let shows_several = store::shows_several(&mut tx, version.id).await?;
    ladder::allows(&seen.competition, &draft, shows_several)?;
    if !store::start(&mut tx, &version, reason).await? {
        return Err(AppError::refused("The version changed a moment ago. Look at it again."));
    }
    note(&mut tx, app, host, seen, "start_rescoring", number, reason).await?;
    tx.commit().await?;
    Ok(())
}

/// Every submission is scored under a version, or none.
async fn require_files(conn: &mut sqlx::PgConnection, seen: &Seen) -> Result<()> {
    match files_gone(conn, seen.competition.id).await? {
        Some(gone) => Err(AppError::Refused(gone.no_rescoring())),
        None => Ok(()),
    }
}

/// Makes a prepared version the one that counts: scores, boards and, after the end, the final board
/// change in one moment.
///
/// # Errors
/// [`AppError::Refused`] while scores are missing.
pub async fn publish(app: &App, host: &Member, seen: &Seen, number: i32) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let version = find(&mut tx, seen, number).await?;
    let reason = version.reason.clone();
    switch(&mut tx, host, seen, &version, "publish", &reason).await?;
    let sentence = format!(
        "“{}”: every submission was scored again, under scoring version {number}",
        seen.competition.title
    );
    tell_everybody(&mut tx, app, host, seen, &sentence, &reason).await?;
    propose::refresh(&mut tx, seen.competition.id, app.clock.now()).await?;
    note(&mut tx, app, host, seen, "publish_version", number, &reason).await?;
    tx.commit().await?;
    Ok(())
}

/// Goes back to the version before, whose scores were kept up to date.
///
/// # Errors
/// [`AppError::Field`] without a reason; [`AppError::Refused`] for a version that is not held ready.
pub async fn roll_back(app: &App, host: &Member, seen: &Seen, number: i32, reason: &str) -> Result<()> {
    let reason = read_reason(reason)?;
    let mut tx = app.db.begin().await?;
    let version = find(&mut tx, seen, number).await?;
    switch(&mut tx, host, seen, &version, "roll_back", reason).await?;
    let sentence =
        format!("“{}”: scores are those of scoring version {number} again", seen.competition.title);
    tell_everybody(&mut tx, app, host, seen, &sentence, reason).await?;
    // One that is put together was held against the version that counted until now.
    if let Some(open) = judging::lock_open_version(&mut tx, seen.competition.id).await? {
        supply::examine(&mut tx, seen.competition.id, open).await?;
    }
    propose::refresh(&mut tx, seen.competition.id, app.clock.now()).await?;
    note(&mut tx, app, host, seen, "roll_back_version", number, reason).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives up a version that does not count.
///
/// # Errors
/// [`AppError::Refused`] for one that counts or counted.
pub async fn abandon(app: &App, host: &Member, seen: &Seen, number: i32) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let version = find(&mut tx, seen, number).await?;
    if !store::abandon(&mut tx, seen.competition.id, version.id).await? {
        return Err(AppError::refused("Only a version that was never published can be discarded."));
    }
    note(&mut tx, app, host, seen, "abandon_version", number, "").await?;
    tx.commit().await?;
    Ok(())
}

/// Has rescorings that broke off by a fault of ours tried again; how many.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn retry(app: &App, host: &Member, seen: &Seen, number: i32) -> Result<i64> {
    let mut tx = app.db.begin().await?;
    let version = find(&mut tx, seen, number).await?;
    let n_again = store::retry(&mut tx, version.id).await?;
    note(&mut tx, app, host, seen, "retry_rescoring", number, "").await?;
    tx.commit().await?;
    Ok(n_again)
}

/// # Errors
/// [`AppError::NotFound`].
pub async fn find(conn: &mut sqlx::PgConnection, seen: &Seen, number: i32) -> Result<Version> {
    store::find(conn, seen.competition.id, number).await?.ok_or(AppError::NotFound)
}

async fn switch(
    conn: &mut sqlx::PgConnection,
    host: &Member,
    seen: &Seen,
    version: &Version,
    kind: &str,
    reason: &str,
) -> Result<()> {
    let id = seen.competition.id;
    let hindrance = store::switch(conn, id, version.id, kind, reason, host.id).await?;
    let sentence = match hindrance.as_deref() {
        None => return Ok(announce(conn, Event::Board { competition_id: id.0 }).await?),
        Some(what) if what == "failed" || version.n_failed > 0 => {
            "Some submissions could not be scored under it. Find out why, and retry them first."
        }
        Some("waiting") => "Some submissions still wait for their score under it. Try again in a moment.",
        Some(_) if kind == "publish" => {
            "It is not ready: every submission must have its score under it, and the preview must stand."
        }
        Some(_) => "Only the version that counted last is held ready to come back.",
    };
    Err(AppError::refused(sentence))
}

/// With the reason, to everybody who takes part.
async fn tell_everybody(
    conn: &mut sqlx::PgConnection,
    app: &App,
    host: &Member,
    seen: &Seen,
    sentence: &str,
    reason: &str,
) -> Result<()> {
    let bulletin = Bulletin {
        competition: seen.competition.id,
        event: Told::Rescored,
        sentence,
        excerpt: reason,
        by: host.id,
    };
    tell::all_who_take_part(conn, &bulletin, app.clock.now()).await?;
    Ok(())
}

pub(super) fn read_reason(reason: &str) -> Result<&str> {
    let reason = reason.trim();
    if (1..=REASON_CHARS).contains(&reason.chars().count()) {
        Ok(reason)
    } else {
        Err(AppError::field("reason", "Say why in 1 to 1,000 characters; all participants can read it."))
    }
}

async fn note(
    conn: &mut sqlx::PgConnection,
    app: &App,
    host: &Member,
    seen: &Seen,
    action: &str,
    number: i32,
    reason: &str,
) -> Result<()> {
    let detail = json!({ "version": number, "reason": reason });
    drafts::note(conn, app.clock.now(), host.id, action, seen.competition.id, &detail).await?;
    Ok(())
}
