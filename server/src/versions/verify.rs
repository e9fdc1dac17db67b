//! Verb: have every score of a competition computed again from the stored bytes and compared.

use serde_json::json;

use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::store::drafts;
use crate::error::{AppError, Result};

/// Asks the scorers for it, behind everything that people wait for. Gives its number.
///
/// # Errors
/// [`AppError::Refused`] before launch and while one runs already.
pub async fn ask(app: &App, host: &Member, seen: &Seen) -> Result<i64> {
    let id = seen.competition.id;
    if seen.competition.launched_at.is_none() {
        return Err(AppError::refused("There is no score to verify before the launch."));
    }
    let mut tx = app.db.begin().await?;
    let Some(number) = store::ask_verification(&mut tx, id, host.id).await? else {
        return Err(AppError::refused("A verification is already running."));
    };
    let detail = json!({ "verification": number });
    drafts::note(&mut tx, app.clock.now(), host.id, "verify_scores", id, &detail).await?;
    tx.commit().await?;
    Ok(number)
}
