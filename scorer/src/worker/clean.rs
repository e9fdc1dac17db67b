//! What nobody needs any more: finished jobs, checked files, files that a killed program left
//! half-written, scorers that left without a word.
//! A bounded number at a time, so that cleaning never holds up scoring.

use std::time::Duration;

use sqlx::PgPool;

use super::depot::Shelf;
use super::orphans::remove_orphans;

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
    sqlx::query!("delete from scorers where last_seen_at < now() - interval '1 day'").execute(db).await?;
    Ok(())
}

/// Looks for files that no row names.
pub async fn sweep(db: &PgPool, shelf: &Shelf) {
    let removed = match shelf.files() {
        Ok(Some(files)) => remove_orphans(db, &files, ORPHAN_AFTER).await,
        Ok(None) => return,
        Err(error) => Err(error.into()),
    };
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
