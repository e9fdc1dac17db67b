//! The verb that sends the predictions of a run as a submission, by all the rules of submissions, and links it
//! to the version.

use futures_util::TryStreamExt;

use super::model::{Run, RunFile, RunState, SUBMISSION};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::files::Stored;
use crate::notebooks::access::SeenNotebook;
use crate::notebooks::score;
use crate::submissions::submit::{Entrant, Receipt, Upload, enter, submit};
use crate::web::format;

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
        arrived: copy(app, &entrant, file).await?.into(),
        description: match words {
            "" => format!("Version {} of the notebook “{}”, run {}", run.number, seen.notebook.title, run.id),
            words => words.to_owned(),
        },
        idempotency_key: Some(format!("notebook-run-{}", run.id)),
    };
    let receipt = submit(app, &entrant, upload).await?;
    score::link(app, seen, run.number, receipt.submission.id).await?;
    Ok(receipt)
}

/// A submission has a file of its own, which stays when the notebook goes.
async fn copy(app: &App, entrant: &Entrant, file: &RunFile) -> Result<Stored> {
    if file.size_bytes.unsigned_abs() > entrant.max_bytes() {
        return Err(AppError::TooLarge(format!(
            "This file is larger than the {} that the competition takes.",
            format::limit(entrant.max_bytes())
        )));
    }
    let mut writing = app.files.create("submissions", entrant.competition.id.0).await?;
    let mut pieces = app.files.read_whole(&file.storage_key).await?;
    while let Some(piece) = pieces.try_next().await? {
        writing.write(&piece).await?;
    }
    Ok(writing.finish().await?)
}
