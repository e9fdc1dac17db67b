//! The verb that submits a file which was checked: the very bytes that the check was of, by all the rules of submissions.
//!
//! A check stays a check until then: it spends nothing, and nothing of it is on record as sent.

use holdout_contract::job::CheckVerdict;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::{SubmissionId, TeamId};
use crate::submissions::check;
use crate::submissions::store::{self, Check};
use crate::submissions::submit::{Entrant, Receipt, Upload, copy_stored, submit};

/// Whether a check said that the file fits.
pub fn fits(check: &Check) -> bool {
    matches!(check.verdict, Some(Json(CheckVerdict::Fits { .. })))
}

/// Sends the file of a check of one's own. Sent twice, it is one submission.
///
/// # Errors
/// [`AppError::NotFound`] for a check that is another's or no longer kept; [`AppError::Refused`] for a file that did not pass; those of
/// every submission.
pub async fn submit_checked(app: &App, entrant: &Entrant, id: Uuid, description: &str) -> Result<Receipt> {
    let mut conn = app.db.acquire().await?;
    let check = check::find(&mut conn, entrant.competition.id, entrant.member.id, id).await?;
    drop(conn);
    if !fits(&check) {
        return Err(AppError::refused("Only a file that passed its check can be submitted from here."));
    }
    let stored = copy_stored(app, entrant, &check.storage_key, check.size_bytes).await?;
    let upload = Upload {
        file_name: check.file_name,
        arrived: stored.into(),
        description: description.to_owned(),
        idempotency_key: Some(idempotency_key(id)),
    };
    submit(app, entrant, upload).await
}

/// The submission that a check's file became.
///
/// # Errors
/// Those of the database.
pub async fn sent_as(conn: &mut PgConnection, team: TeamId, id: Uuid) -> sqlx::Result<Option<SubmissionId>> {
    Ok(store::find_by_key(conn, team, &idempotency_key(id)).await?.map(|submission| submission.id))
}

fn idempotency_key(id: Uuid) -> String {
    format!("check-{id}")
}
