//! Waiting for a database that is away: a restart of PostgreSQL must not cost a job.
//!
//! Never here: repeating a statement that the database understood and refused.

use std::time::Duration;

use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(500);

/// Repeats `action` while the database cannot be reached.
///
/// A commit whose answer was lost is repeated too; the lease makes the second run a no-op.
///
/// # Errors
/// What the database answers once it is there.
pub async fn patiently<T>(mut action: impl AsyncFnMut() -> sqlx::Result<T>) -> sqlx::Result<T> {
    loop {
        match action().await {
            Err(error) if is_away(&error) => {
                tracing::warn!(%error, "the database is away, waiting for it");
                sleep(PAUSE).await;
            }
            answered => return answered,
        }
    }
}

/// Whether the database could not be reached, or is starting or stopping.
pub fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // Shutting down, crashed, starting up; connection failures; too many connections;
            // a deadlock or serialisation failure, which the next try resolves.
            ["57P01", "57P02", "57P03", "53300", "40P01", "40001"].contains(&code.as_ref())
                || code.starts_with("08")
        }),
        _ => false,
    }
}
