//! The verb that asks for a run.

use chrono::TimeDelta;
use holdout_contract::queue;

use super::model::{Run, Runners};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::download::may_download;
use crate::error::{AppError, Result};
use crate::notebooks::access::SeenNotebook;
use crate::quotas::ask::require_room;

/// Runs that one person asks for in a day, at most.
const MOST_A_DAY: i64 = 20;
/// What the runs of one person keep together, at most.
const MOST_KEPT_BYTES: i64 = 2 << 30;

/// A run that was asked for, now or before.
#[derive(Debug, Clone)]
pub struct Asked {
    pub run: Run,
    /// `false` where one of the same version waits or runs already.
    pub is_new: bool,
}

/// Asks for a run of a version.
///
/// # Errors
/// [`AppError::Refused`] for everybody but the author, for who may not read the data of the notebook's competition,
/// where nothing runs notebooks, and for what is no notebook in Python; [`AppError::TooMany`] past the daily limit;
/// as [`require_room`] where there is no room for what comes of it.
pub async fn ask(app: &App, member: &Member, seen: &SeenNotebook, number: i32) -> Result<Asked> {
    seen.require_owner()?;
    let id = seen.notebook.id;
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let version = seen.version(&mut conn, Some(number)).await?;
    let runners = store::runners(&mut conn).await?;
    drop(conn);
    match &seen.competition {
        Some(competition) => may_download(competition, true, competition.competition.phase(now))?,
        None if seen.notebook.competition_id.is_some() => {
            return Err(AppError::refused("You may not see the competition whose data this notebook reads."));
        }
        None => {}
    }
    if version.language != "python" {
        return Err(AppError::refused(format!(
            "Only notebooks in Python can be run here; this one is in {}.",
            version.language
        )));
    }
    if !matches!(runners, Runners::Ready { .. }) {
        return Err(AppError::refused(runners.refusal()));
    }
    require_room(app, member.id, None, 1).await?;
    let mut tx = app.db.begin().await?;
    store::lock_person(&mut tx, member.id).await?;
    if let Some(open) = store::open(&mut tx, id, number).await? {
        let run = store::find(&mut tx, id, open).await?.ok_or(AppError::NotFound)?;
        return Ok(Asked { run, is_new: false });
    }
    if store::count_since(&mut tx, member.id, now - TimeDelta::days(1)).await? >= MOST_A_DAY {
        return Err(AppError::TooMany {
            message: format!(
                "You have requested {MOST_A_DAY} runs within a day, which is the limit. Try again tomorrow."
            ),
            retry_after_seconds: 3600,
        });
    }
    if store::kept_bytes(&mut tx, member.id).await? >= MOST_KEPT_BYTES {
        return Err(AppError::refused(
            "Your runs use 2 GB of files, which is the limit. Delete a notebook you no longer need.",
        ));
    }
    let run = store::insert(&mut tx, id, number, member.id, now).await?;
    queue::enqueue_run(&mut tx, run.0, seen.notebook.competition_id.map(|id| id.0)).await?;
    let run = store::find(&mut tx, id, run).await?.ok_or(AppError::NotFound)?;
    tx.commit().await?;
    Ok(Asked { run, is_new: true })
}
