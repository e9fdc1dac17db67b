//! The verb that asks for a check of a file: answered as a submission would be, counted as nothing.

use chrono::TimeDelta;
use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue;
use uuid::Uuid;

use crate::app::App;
use crate::error::{AppError, Result};
use crate::submissions::choose::check_description;
use crate::submissions::store;
use crate::submissions::submit::Entrant;
use crate::uploads::spend::Arrived;

/// Checks that one person may ask for in an hour.
const CHECKS_AN_HOUR: i64 = 30;

/// What the sender says of a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    pub file_name: &'a str,
    /// Goes with the file, should it be submitted.
    pub description: &'a str,
}

/// Asks for the check of a stored file; one that came with the request is removed when it is refused.
///
/// # Errors
/// [`AppError::TooMany`] after [`CHECKS_AN_HOUR`].
pub async fn check(app: &App, entrant: &Entrant, asked: Asked<'_>, arrived: &Arrived) -> Result<Uuid> {
    let outcome = record(app, entrant, asked, arrived).await;
    if matches!(&outcome, Err(error) if !matches!(error, AppError::Internal(_))) {
        arrived.let_go(app).await?;
    }
    outcome
}

async fn record(app: &App, entrant: &Entrant, asked: Asked<'_>, arrived: &Arrived) -> Result<Uuid> {
    check_description(asked.description)?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::lock_person(&mut tx, entrant.member.id).await?;
    let n_asked = store::count_checks(&mut tx, entrant.member.id, now - TimeDelta::hours(1)).await?;
    if n_asked >= CHECKS_AN_HOUR {
        return Err(AppError::TooMany {
            message: format!(
                "You asked for {CHECKS_AN_HOUR} checks within an hour. Wait a little and try again."
            ),
            retry_after_seconds: 600,
        });
    }
    let file_name = if asked.file_name.trim().is_empty() { "predictions" } else { asked.file_name };
    arrived.spend(&mut tx, now).await?;
    let new = store::NewCheck {
        competition_id: entrant.competition.id,
        user_id: entrant.member.id,
        file_name,
        description: asked.description,
        stored: &arrived.stored,
    };
    let id = store::insert_check(&mut tx, &new, now).await?;
    let subject = Subject::Check { check_id: id };
    queue::enqueue(&mut tx, entrant.competition.id.0, subject, Priority::Interactive).await?;
    tx.commit().await?;
    Ok(id)
}
