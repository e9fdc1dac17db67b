//! What nobody needs any more: finished jobs, checked files, files that a killed program left
//! half-written, those of drafts that were given up, scorers that left without a word.
//! A bounded number at a time, so that cleaning never holds up scoring.

use std::time::Duration;

use holdout_contract::files::Files;
use sqlx::PgPool;

use super::depot::Shelf;
use super::orphans::{OrphansError, remove_discarded, remove_orphans};

/// Nobody writes one file for longer.
const UNFINISHED_AFTER: Duration = Duration::from_secs(24 * 3600);
/// Nothing that is on its way into the database takes longer.
const ORPHAN_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// Removes what is old.
///
/// # Errors
/// Those of the database. A file that cannot be removed is logged and left.
pub async fn clean(db: &PgPool, shelf: &Shelf) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from jobs where id in (
            select id from jobs
            where state in ('done', 'failed') and finished_at < now() - interval '7 days'
              and (state = 'done' or finished_at < now() - interval '90 days')
            order by finished_at
            limit 5000)"
    )
    .execute(db)
    .await?;
    let checked = sqlx::query_scalar!(
        "delete from file_checks where id in (
            select id from file_checks
            where created_at < clock_now() - interval '1 day'
            order by created_at
            limit 500)
         returning storage_key"
    )
    .fetch_all(db)
    .await?;
    for key in checked {
        if let Err(error) = shelf.remove(&key).await {
            tracing::warn!(%error, key, "a checked file could not be removed");
        }
    }
    remove_unfinished(shelf).await;
    remove_of_discarded(db, shelf).await;
    sqlx::query!("delete from scorers where last_seen_at < now() - interval '1 day'").execute(db).await?;
    Ok(())
}

/// Looks for files that no row names.
pub async fn sweep(db: &PgPool, shelf: &Shelf) {
    if let Some(files) = opened(shelf) {
        tell(remove_orphans(db, &files, ORPHAN_AFTER).await);
    }
}

async fn remove_of_discarded(db: &PgPool, shelf: &Shelf) {
    if let Some(files) = opened(shelf) {
        tell(remove_discarded(db, &files).await);
    }
}

/// `None` while they cannot be reached.
fn opened(shelf: &Shelf) -> Option<Files> {
    shelf.files().unwrap_or_else(|error| {
        tracing::warn!(%error, "the stored files cannot be reached");
        None
    })
}

fn tell(removed: Result<usize, OrphansError>) {
    match removed {
        Ok(0) => {}
        Ok(n_removed) => tracing::info!(n_removed, "files that no row names were removed"),
        Err(error) => tracing::warn!(%error, "files that no row names could not be removed"),
    }
}

/// Beside everything else: the folders may be long.
async fn remove_unfinished(shelf: &Shelf) {
    match shelf.remove_unfinished(UNFINISHED_AFTER).await {
        Ok(0) => {}
        Ok(n_removed) => tracing::info!(n_removed, "files that nobody finished were removed"),
        Err(error) => tracing::warn!(%error, "files that nobody finished could not be removed"),
    }
}
