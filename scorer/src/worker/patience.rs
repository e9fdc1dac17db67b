//! Waiting for a database that is away: a restart of PostgreSQL must not cost a job.
//!
//! Never here: repeating a statement that the database understood and refused.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
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

/// As [`patiently`], of what needs a connection.
///
/// # Errors
/// As [`patiently`].
pub async fn connected<T>(
    db: &PgPool,
    mut action: impl AsyncFnMut(&mut PgConnection) -> sqlx::Result<T>,
) -> sqlx::Result<T> {
    patiently(async || action(&mut *db.acquire().await?).await).await
}

/// Whether the database could not be reached, is starting or stopping, or has no room to work in.
pub fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // Shutting down, crashed, starting up; a deadlock or serialisation failure, which the next
            // try resolves; a disk that cannot be read or written. By class: connection failures; too
            // little of something, be it connections, memory or room on the disk.
            ["57P01", "57P02", "57P03", "40P01", "40001", "58030"].contains(&code.as_ref())
                || code.starts_with("08")
                || code.starts_with("53")
        }),
        _ => false,
    }
}
