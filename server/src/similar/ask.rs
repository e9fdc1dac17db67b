//! Verb: have the predictions of all teams compared.

use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue;
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
/// [`AppError::Refused`] before launch and while one is under way.
pub async fn ask(app: &App, host: &Member, seen: &Seen) -> Result<i64> {
    let id = seen.competition.id;
    if seen.competition.launched_at.is_none() {
        return Err(AppError::refused("There is nothing to compare before the launch."));
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(comparison_id) = store::begin(&mut tx, id, host.id, now).await? else {
        return Err(AppError::refused("A comparison is already running."));
    };
    queue::enqueue(&mut tx, id.0, Subject::Compare { comparison_id }, Priority::Audit).await?;
    let detail = json!({ "comparison": comparison_id });
    drafts::note(&mut tx, now, host.id, "compare_submissions", id, &detail).await?;
    tx.commit().await?;
    Ok(comparison_id)
}
