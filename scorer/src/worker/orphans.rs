//! Files that no row names: what was stored and then refused, or replaced, while whoever should have
//! removed it was killed. They are removed once they are a week old: no upload takes as long.
//!
//! Never here: a file that a row names, however old; the solutions of former versions and every
//! submission stay as long as their rows. Nor a room that this list does not have.

use std::io;
use std::time::Duration;

use futures_util::TryStreamExt;
use holdout_contract::files::Files;
use holdout_contract::orphans::{ROOMS, is_named};
use sqlx::PgPool;

/// Why orphans could not be looked for.
#[derive(Debug, thiserror::Error)]
pub enum OrphansError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Files(#[from] io::Error),
}

/// Removes files older than `age` that no row names. Gives their number.
///
/// # Errors
/// [`OrphansError`]; what was removed until then is gone.
pub async fn remove_orphans(db: &PgPool, files: &Files, age: Duration) -> Result<usize, OrphansError> {
    let mut n_removed = 0;
    for room in ROOMS {
        let mut old = files.older(room, age);
        while let Some(key) = old.try_next().await? {
            if !is_named(&mut *db.acquire().await?, &key).await? {
                files.remove(&key).await?;
                tracing::info!(key, "a file that no row names was removed");
                n_removed += 1;
            }
        }
    }
    Ok(n_removed)
}
