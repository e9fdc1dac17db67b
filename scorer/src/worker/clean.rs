//! What nobody needs any more: finished jobs, checked files, scorers that left without a word.
//! A bounded number at a time, so that cleaning never holds up scoring.

use sqlx::PgPool;

use super::storage::Storage;

/// Removes what is old.
///
/// # Errors
/// Those of the database. A file that cannot be removed is logged and left.
pub async fn clean(db: &PgPool, storage: &Storage) -> sqlx::Result<()> {
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
        if let Err(error) = storage.remove(&key) {
            tracing::warn!(%error, key, "a checked file could not be removed");
        }
    }
    sqlx::query!("delete from scorers where last_seen_at < now() - interval '1 day'").execute(db).await?;
    Ok(())
}
