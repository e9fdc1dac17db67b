//! The verb that ends a run before its end. A runner that holds it finds its lease gone, within seconds, and ends
//! the notebook's processes.

use serde_json::json;

use super::model::{Run, RunState};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::RunId;
use crate::moderation::record::{Act, record};
use crate::notebooks::access::SeenNotebook;

/// What became of a run that was to end.
#[derive(Debug, Clone)]
pub enum Cancelled {
    /// It had not begun, and is gone.
    Withdrawn,
    /// It ran, and is on record as cancelled.
    Ended(Box<Run>),
}

/// Whether a viewer may end runs of a notebook: its author, and its moderators.
pub fn may_cancel(seen: &SeenNotebook) -> bool {
    seen.is_owner || seen.may_moderate
}

/// Ends a run. Asked for twice, it is ended once.
///
/// # Errors
/// [`AppError::NotFound`] where there is none; [`AppError::Refused`] for everybody but the author and moderators,
/// and for a run that came to its end.
pub async fn cancel(app: &App, member: &Member, seen: &SeenNotebook, id: RunId) -> Result<Cancelled> {
    let notebook = &seen.notebook;
    let mut tx = app.db.begin().await?;
    let before = store::find(&mut tx, notebook.id, id).await?.ok_or(AppError::NotFound)?;
    if !may_cancel(seen) {
        return Err(AppError::refused(
            "Only the author of a notebook and its moderators can cancel its runs.",
        ));
    }
    if before.state == RunState::Cancelled {
        return Ok(Cancelled::Ended(Box::new(before)));
    }
    if store::cancel(&mut tx, id, member.id).await?.is_none() {
        return Err(AppError::refused("This run has already ended."));
    }
    if !seen.is_owner {
        let detail = json!({ "notebook": notebook.id, "run": id });
        let now = app.clock.now();
        record(&mut tx, member.id, Act::CancelRun, notebook.competition_id, &detail, now).await?;
    }
    let after = store::find(&mut tx, notebook.id, id).await?;
    tx.commit().await?;
    Ok(after.map_or(Cancelled::Withdrawn, |run| Cancelled::Ended(Box::new(run))))
}
