//! What is announced when something becomes visible. Carries ids only, never a score.

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

/// PostgreSQL channel on which scorers are woken.
pub const JOBS_CHANNEL: &str = "holdout_jobs";
/// PostgreSQL channel on which web servers hear of [`Event`]s.
pub const EVENTS_CHANNEL: &str = "holdout_events";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A submission changed its state.
    Submission { competition_id: i64, team_id: i64, submission_id: i64 },
    /// A board has a new revision.
    Board { competition_id: i64 },
    /// Deadlines of a competition were moved.
    Times { competition_id: i64 },
    /// A file check, an examination or a split ended.
    Job { competition_id: i64, job_id: i64 },
}

/// Announces an event when the transaction commits.
///
/// # Errors
/// Those of the database.
pub async fn announce(conn: &mut PgConnection, event: Event) -> sqlx::Result<()> {
    let payload = serde_json::to_string(&event).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query!("select pg_notify($1, $2)", EVENTS_CHANNEL, payload).execute(conn).await?;
    Ok(())
}
