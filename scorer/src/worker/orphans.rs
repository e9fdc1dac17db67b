//! Files that no row names: what was stored and then refused, or replaced, while whoever should have
//! removed it was killed. They are removed once they are a week old: no upload takes as long.
//!
//! Never here: a file that a row names, however old; the solutions of former versions and every
//! submission stay as long as their rows. Nor a room that this list does not have.

use std::io;
use std::time::Duration;

use futures_util::TryStreamExt;
use holdout_contract::files::Files;
use sqlx::PgPool;

/// Rooms whose files are named by the tables that [`is_named`] asks.
const ROOMS: [&str; 7] = ["submissions", "checks", "solutions", "tables", "data", "runs", "influences"];

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
            if !is_named(db, &key).await? {
                files.remove(&key).await?;
                tracing::info!(key, "a file that no row names was removed");
                n_removed += 1;
            }
        }
    }
    Ok(n_removed)
}

/// Each answer is found by an index; data files by their competition, which is the second part of a key.
async fn is_named(db: &PgPool, key: &str) -> sqlx::Result<bool> {
    let owner = key.split('/').nth(1).and_then(|owner| owner.parse::<i64>().ok()).unwrap_or_default();
    sqlx::query_scalar!(
        r#"select exists (select from submissions where storage_key = $1)
               or exists (select from file_checks where storage_key = $1)
               or exists (select from solutions where storage_key = $1)
               or exists (select from labelled_tables where storage_key = $1)
               or exists (select from notebook_runs where executed_key = $1)
               or exists (select from notebook_run_files where storage_key = $1)
               or exists (select from influences where storage_key = $1)
               or exists (select from covariances where storage_key = $1)
               or exists (select from data_files where competition_id = $2 and storage_key = $1) as "is_named!""#,
        key,
        owner
    )
    .fetch_one(db)
    .await
}
