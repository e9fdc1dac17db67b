//! What becomes of a submission on which the metric broke that its host wrote.
//!
//! Never here: a word of the report anywhere but in `metric_failures`. The metric saw the labels.

use holdout_contract::custom::HOST_IS_TOLD;
use holdout_contract::queue::{self, Leased};
use sqlx::{PgConnection, PgPool};

use super::finish::{Written, announce_job};
use super::read::Submission;

/// The metric of the active version broke: its host is told why, the participant that the host was told.
///
/// # Errors
/// Those of the database.
pub async fn broke(conn: &mut PgConnection, submission: &Submission, report: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update submissions set state = 'failed', failure = $2
         where id = $1 and state in ('queued', 'scoring', 'failed')",
        submission.id,
        HOST_IS_TOLD,
    )
    .execute(&mut *conn)
    .await?;
    write_report(conn, submission, report).await
}

/// The metric of another version broke: that version cannot be published until the job was done again.
///
/// # Errors
/// Those of the database.
pub async fn beside(
    db: &PgPool,
    leased: &Leased,
    submission: &Submission,
    report: &str,
) -> sqlx::Result<Written> {
    let mut tx = db.begin().await?;
    if !queue::give_up(&mut tx, leased, "the metric of this version broke on the file").await? {
        return Ok(Written::LeaseLost);
    }
    write_report(&mut tx, submission, report).await?;
    announce_job(&mut tx, leased).await?;
    tx.commit().await?;
    Ok(Written::Yes)
}

/// Keeps what the host is told of a file.
///
/// # Errors
/// Those of the database.
pub async fn write_report(
    conn: &mut PgConnection,
    submission: &Submission,
    report: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into metric_failures (submission_id, version_id, report, at) values ($1, $2, $3, clock_now())
         on conflict (submission_id, version_id) do update set report = excluded.report, at = excluded.at",
        submission.id,
        submission.version_id,
        storable(report),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// PostgreSQL keeps no NUL in a text.
fn storable(report: &str) -> String {
    const MAX_CHARS: usize = 50_000;
    report.chars().filter(|letter| *letter != '\0').take(MAX_CHARS).collect()
}

/// Takes the report back once there is a score.
///
/// # Errors
/// Those of the database.
pub async fn forget(conn: &mut PgConnection, submission: &Submission) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from metric_failures where submission_id = $1 and version_id = $2",
        submission.id,
        submission.version_id
    )
    .execute(conn)
    .await?;
    Ok(())
}
