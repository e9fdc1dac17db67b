//! Having failed submissions scored again: after a mended metric, or a fault of ours that is over.

use holdout_contract::events::{Event, announce};
use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue;
use serde_json::json;

use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::store::drafts;
use crate::error::Result;

/// Submissions put back at once; a host presses again for more.
const BATCH: i32 = 1000;

/// Puts failed submissions back into the queue; how many. Each keeps the time it was received.
///
/// # Errors
/// Those of the database.
pub async fn retry(app: &App, host: &Member, seen: &Seen) -> Result<usize> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let put_back = store::requeue(&mut tx, id, BATCH).await?;
    for (submission_id, team_id) in &put_back {
        let subject = Subject::Score { submission_id: submission_id.0, team_id: team_id.0 };
        queue::enqueue(&mut tx, id.0, subject, Priority::Rescoring).await?;
        let (submission_id, team_id) = (submission_id.0, team_id.0);
        announce(&mut tx, Event::Submission { competition_id: id.0, team_id, submission_id }).await?;
    }
    if !put_back.is_empty() {
        crate::dashboard::store::forget(&mut tx, id).await?;
        let detail = json!({ "n": put_back.len() });
        drafts::note(&mut tx, app.clock.now(), host.id, "retry_failed", id, &detail).await?;
    }
    tx.commit().await?;
    Ok(put_back.len())
}
