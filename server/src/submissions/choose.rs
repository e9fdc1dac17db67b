//! What a team may still say about a submission: what it is, and whether it counts in the end.

use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::SubmissionId;
use crate::submissions::store;
use crate::submissions::submit::{DESCRIPTION_LIMIT, Entrant, hold_team};

/// # Errors
/// [`AppError::Field`] for a text that is too long.
pub fn check_description(text: &str) -> Result<()> {
    if text.trim().chars().count() <= DESCRIPTION_LIMIT {
        return Ok(());
    }
    Err(AppError::field("description", format!("A description has at most {DESCRIPTION_LIMIT} characters.")))
}

/// # Errors
/// As [`check_description`]; [`AppError::NotFound`] for another team's.
pub async fn describe(app: &App, entrant: &Entrant, id: SubmissionId, text: &str) -> Result<()> {
    check_description(text)?;
    let text = text.trim();
    let mut conn = app.db.acquire().await?;
    let is_ours = store::describe(&mut conn, entrant.team_id, id, text).await?;
    if is_ours { Ok(()) } else { Err(AppError::NotFound) }
}

/// Counts a submission in the end. Choosing a chosen one changes nothing.
///
/// # Errors
/// A sentence after the end, for a submission that cannot count, and past the limit.
pub async fn choose_final(app: &App, entrant: &Entrant, id: SubmissionId) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let team_id = hold_team(&mut tx, entrant).await?;
    refuse_after_end(&mut tx, entrant, now).await?;
    let submission = store::find(&mut tx, team_id, id).await?.ok_or(AppError::NotFound)?;
    if submission.is_selected() {
        return Ok(());
    }
    if !submission.can_be_final() {
        return Err(AppError::refused("A file that was not scored in time cannot be chosen for the final."));
    }
    let limit = i64::from(entrant.competition.final_limit);
    if store::count_selected(&mut tx, team_id).await? >= limit {
        return Err(AppError::refused(format!(
            "{limit} are chosen already, the most there can be: take one back first."
        )));
    }
    store::set_selected(&mut tx, team_id, id, Some(now)).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a choice back.
///
/// # Errors
/// A sentence after the end; [`AppError::NotFound`] for another team's.
pub async fn withdraw_final(app: &App, entrant: &Entrant, id: SubmissionId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let team_id = hold_team(&mut tx, entrant).await?;
    refuse_after_end(&mut tx, entrant, app.clock.now()).await?;
    if !store::set_selected(&mut tx, team_id, id, None).await? {
        return Err(AppError::NotFound);
    }
    tx.commit().await?;
    Ok(())
}

/// Held against the competition's row, so that no choice lands after the final board was made.
async fn refuse_after_end(
    conn: &mut sqlx::PgConnection,
    entrant: &Entrant,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    let terms = store::hold_terms(conn, entrant.competition.id).await?;
    if terms.is_over(now) {
        return Err(AppError::refused("The competition is over: choices for the final stand as they are."));
    }
    Ok(())
}
