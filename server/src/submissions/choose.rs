//! What a team may still say about a submission: what it is, and whether it counts in the end.

use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::SubmissionId;
use crate::submissions::store;
use crate::submissions::submit::{DESCRIPTION_LIMIT, Entrant, hold_team};

const OVER: &str = "The competition is over: choices for the final can no longer be changed.";

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
    choose_among(app, entrant, &Choice { among: Some(vec![id]), chosen: vec![id] }).await
}

/// What a team wants to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is not among these stays as it is; `None`: nothing does.
    pub among: Option<Vec<SubmissionId>>,
    pub chosen: Vec<SubmissionId>,
}

/// Makes a whole choice, or none of it.
///
/// # Errors
/// As [`choose_final`]; [`AppError::NotFound`] for another team's submission.
pub async fn choose_among(app: &App, entrant: &Entrant, choice: &Choice) -> Result<()> {
    let limit = i64::from(entrant.competition.final_limit);
    if i64::try_from(choice.chosen.len()).unwrap_or(i64::MAX) > limit {
        return Err(AppError::refused(format!("At most {limit} can be chosen for the final.")));
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let team_id = hold_team(&mut tx, entrant).await?;
    refuse_after_end(&mut tx, entrant, now).await?;
    let before = store::choice::chosen(&mut tx, team_id).await?;
    let was_asked = |id: i64| choice.among.as_ref().is_none_or(|among| among.contains(&SubmissionId(id)));
    let taken_back =
        before.iter().filter(|id| was_asked(**id) && !choice.chosen.contains(&SubmissionId(**id)));
    for id in taken_back {
        store::set_selected(&mut tx, team_id, SubmissionId(*id), None).await.map_err(stands)?;
    }
    for id in &choice.chosen {
        let submission = store::find(&mut tx, team_id, *id).await?.ok_or(AppError::NotFound)?;
        if submission.is_selected() {
            continue;
        }
        if !submission.can_be_final() {
            return Err(AppError::refused(
                "A file that was not scored in time, or that is no longer there, cannot be chosen for the final.",
            ));
        }
        if store::count_selected(&mut tx, team_id).await? >= limit {
            return Err(AppError::refused(format!(
                "{limit} are already chosen, which is the maximum: remove one first."
            )));
        }
        store::set_selected(&mut tx, team_id, *id, Some(now)).await.map_err(stands)?;
    }
    tx.commit().await?;
    Ok(())
}

/// What the schema says where the end or another limit came in between.
fn stands(error: sqlx::Error) -> AppError {
    match error.as_database_error().and_then(|error| error.constraint()) {
        Some("submissions_choices_stand") => AppError::refused(OVER),
        Some("submissions_choices_fit") => {
            AppError::refused("You have already chosen as many as count in the final: remove one first.")
        }
        _ => error.into(),
    }
}

/// Takes a choice back.
///
/// # Errors
/// A sentence after the end; [`AppError::NotFound`] for another team's.
pub async fn withdraw_final(app: &App, entrant: &Entrant, id: SubmissionId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let team_id = hold_team(&mut tx, entrant).await?;
    refuse_after_end(&mut tx, entrant, app.clock.now()).await?;
    if !store::set_selected(&mut tx, team_id, id, None).await.map_err(stands)? {
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
        return Err(AppError::refused(OVER));
    }
    Ok(())
}
