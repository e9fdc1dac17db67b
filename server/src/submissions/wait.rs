//! Waiting for a score, for callers who asked to be answered with it.

use std::time::Duration;

use holdout_contract::events::Event;
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::error::Result;
use crate::ids::{SubmissionId, TeamId};
use crate::submissions::store;

/// A lost event delays whoever waits by this much at most.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Returns when the submission is judged or patience ends. Listens first, then looks, so that
/// nothing falls between.
///
/// # Errors
/// Those of the database.
pub async fn wait_for_score(app: &App, team_id: TeamId, id: SubmissionId, patience: Duration) -> Result<()> {
    if patience.is_zero() {
        return Ok(());
    }
    let end = Instant::now() + patience;
    let mut events = app.live.others();
    loop {
        let mut conn = app.db.acquire().await?;
        // A submission that is another team's by now is not waited for.
        let Some(submission) = store::find(&mut conn, team_id, id).await? else { return Ok(()) };
        drop(conn);
        if !submission.state.is_waiting() || Instant::now() >= end {
            return Ok(());
        }
        let look_again = end.min(Instant::now() + LOOK_AGAIN);
        let is_ours = |event: &Event| matches!(event, Event::Submission { submission_id, .. } if *submission_id == id.0);
        while let Ok(Ok(event)) = timeout_at(look_again, events.recv()).await {
            if is_ours(&event) {
                break;
            }
        }
    }
}
