//! The verb that sends the predictions of a run as a submission, by all the rules of submissions, and links it
//! to the version.

use sqlx::PgConnection;

use super::model::{Run, RunState, SUBMISSION};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::{RunId, SubmissionId, TeamId};
use crate::notebooks::access::SeenNotebook;
use crate::notebooks::score;
use crate::submissions::store::find_by_key;
use crate::submissions::submit::{Receipt, Upload, copy_stored, enter, submit};

/// Sends the `submission.csv` of a run that came to its end. Sent twice, it is one submission. Without words for it, it says
/// where it comes from.
///
/// # Errors
/// [`AppError::Refused`] for everybody but the author, and for a run that left no such file or did not run from
/// the top; those of every submission.
pub async fn send(
    app: &App,
    member: &Member,
    seen: &SeenNotebook,
    run: &Run,
    words: &str,
) -> Result<Receipt> {
    seen.require_owner()?;
    if run.state != RunState::Ran {
        return Err(AppError::refused("Only what a run from the top wrote can be submitted."));
    }
    let competition = seen.competition.as_ref().ok_or(AppError::NotFound)?;
    let entrant = enter(app, member, &competition.competition.slug).await?;
    let mut conn = app.db.acquire().await?;
    let files = store::files(&mut conn, run.id).await?;
    drop(conn);
    let file = files
        .iter()
        .find(|file| file.path == SUBMISSION)
        .ok_or_else(|| AppError::refused(format!("This run wrote no {SUBMISSION} into its folder.")))?;
    let upload = Upload {
        file_name: SUBMISSION.to_owned(),
        arrived: copy_stored(app, &entrant, &file.storage_key, file.size_bytes).await?.into(),
        description: match words {
            "" => format!("Version {} of the notebook “{}”, run {}", run.number, seen.notebook.title, run.id),
            words => words.to_owned(),
        },
        idempotency_key: Some(idempotency_key(run.id)),
    };
    let receipt = submit(app, &entrant, upload).await?;
    score::link(app, seen, run.number, receipt.submission.id).await?;
    Ok(receipt)
}

/// The submission that a run's predictions became.
///
/// # Errors
/// Those of the database.
pub async fn sent_as(
    conn: &mut PgConnection,
    team: TeamId,
    run: RunId,
) -> sqlx::Result<Option<SubmissionId>> {
    Ok(find_by_key(conn, team, &idempotency_key(run)).await?.map(|submission| submission.id))
}

fn idempotency_key(run: RunId) -> String {
    format!("notebook-run-{run}")
}
