//! Bringing rescorings forward: the next submissions of a version enter the queue when few wait, and
//! its board and preview are made once all are scored.
//!
//! Never here: publishing. A version counts when its host says so.

use sqlx::PgPool;

/// Submissions that enter the queue at once: enough for every scorer, few enough for the queue.
const BATCH: i32 = 1000;

/// Brings every rescoring a step forward; says whether work was put into the queue.
///
/// # Errors
/// Those of the database.
pub async fn advance(db: &PgPool) -> sqlx::Result<bool> {
    let mut has_asked = false;
    let mut after = 0;
    loop {
        let next = sqlx::query_scalar!(
            "select id from scoring_versions
             where stage = 'rescoring' and prepared_at is null and id > $1
             order by id
             limit 1",
            after
        )
        .fetch_optional(db)
        .await?;
        let Some(version_id) = next else { return Ok(has_asked) };
        let n_asked = sqlx::query_scalar!(r#"select advance_rescoring($1, $2) as "n!""#, version_id, BATCH)
            .fetch_one(db)
            .await?;
        has_asked |= n_asked > 0;
        after = version_id;
    }
}
