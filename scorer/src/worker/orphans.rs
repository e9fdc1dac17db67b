//! Files that no row names: what was stored and then refused, or replaced, while whoever should have
//! removed it was killed. They are removed once they are a week old: no upload takes as long. Those of a draft that was given
//! up are removed at once.
//!
//! Never here: a file that a row names, however old; the solutions of former versions and every
//! submission stay as long as their rows. Nor a room that this list does not have.

use std::io;
use std::time::Duration;

use futures_util::TryStreamExt;
use holdout_contract::files::Files;
use holdout_contract::orphans::{ROOMS, is_named};
use sqlx::PgPool;

/// Rooms whose files lie under the number of their competition.
const ROOMS_BY_COMPETITION: [&str; 6] =
    ["submissions", "checks", "solutions", "tables", "data", "influences"];

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
        n_removed += remove_unnamed(db, files, room, age).await?;
    }
    Ok(n_removed)
}

/// Removes the files of drafts that were given up. Gives their number.
///
/// # Errors
/// [`OrphansError`]; what is left is removed the next time.
pub async fn remove_discarded(db: &PgPool, files: &Files) -> Result<usize, OrphansError> {
    let discarded =
        sqlx::query_scalar!("select competition_id from discarded_drafts order by discarded_at limit 100")
            .fetch_all(db)
            .await?;
    let mut n_removed = 0;
    for competition_id in discarded {
        for room in ROOMS_BY_COMPETITION {
            let folder = format!("{room}/{competition_id}");
            n_removed += remove_unnamed(db, files, &folder, Duration::ZERO).await?;
        }
        sqlx::query!("delete from discarded_drafts where competition_id = $1", competition_id)
            .execute(db)
            .await?;
    }
    Ok(n_removed)
}

async fn remove_unnamed(
    db: &PgPool,
    files: &Files,
    folder: &str,
    age: Duration,
) -> Result<usize, OrphansError> {
    let mut n_removed = 0;
    let mut old = files.older(folder, age);
    while let Some(key) = old.try_next().await? {
        if !is_named(&mut *db.acquire().await?, &key).await? {
            files.remove(&key).await?;
            tracing::info!(key, "a file that no row names was removed");
            n_removed += 1;
        }
    }
    Ok(n_removed)
}
