//! What an examination found, written down: the report of a version before it counts, or what the files of one that counts
//! give away.

use holdout_contract::examine::{Finding, Report};
use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue::{self, Leased};
use sqlx::{PgConnection, PgPool};

use super::finish::{Written, announce_job, hold_competition, json, with_the_job};
use super::message::Resplit;
use super::read::Examined;
use super::resplits;
use crate::examine::committed::Committed;

/// What an examination found.
pub struct Found<'a> {
    pub report: &'a Report,
    pub commitment: Option<&'a Committed>,
    pub resplit: Option<&'a Resplit>,
}

/// Writes what an examination found, unless the version was changed while it was read: then the
/// version is examined again.
///
/// # Errors
/// Those of the database.
pub async fn examined(
    db: &PgPool,
    leased: &Leased,
    version: &Examined,
    found: Found<'_>,
) -> sqlx::Result<Written> {
    let version_id = version.version_id;
    with_the_job(db, leased, async |conn| {
        hold_competition(conn, leased.competition()?).await?;
        let written = sqlx::query!(
            "update scoring_versions set report = $3, examined_revision = $2
             where id = $1 and input_revision = $2",
            version_id,
            version.input_revision,
            json(found.report)?,
        )
        .execute(&mut *conn)
        .await?;
        if written.rows_affected() == 1 {
            if let Some(resplit) = found.resplit {
                resplits::compared(conn, version, resplit).await?;
            }
            commit_to(conn, version_id, found.commitment).await?;
        }
        announce_or_examine_again(conn, leased, version_id, written.rows_affected()).await
    })
    .await
}

/// Writes what the files of a launched competition give away, unless one of them was replaced while they were read: then
/// they are examined again.
///
/// # Errors
/// Those of the database.
pub async fn files_examined(
    db: &PgPool,
    leased: &Leased,
    version_id: i64,
    files_revision: i32,
    (findings, commitment): (&[Finding], Option<&Committed>),
) -> sqlx::Result<Written> {
    with_the_job(db, leased, async |conn| {
        hold_competition(conn, leased.competition()?).await?;
        let written = sqlx::query!(
            "update scoring_versions set files_findings = $3, files_examined_revision = $2
             where id = $1 and files_revision = $2",
            version_id,
            files_revision,
            json(&findings)?,
        )
        .execute(&mut *conn)
        .await?;
        commit_to(conn, version_id, commitment).await?;
        announce_or_examine_again(conn, leased, version_id, written.rows_affected()).await
    })
    .await
}

/// Keeps a commitment. One stands already where the version may count and has one; while it is a draft, the newest is
/// kept.
///
/// # Errors
/// Those of the database.
pub(super) async fn commit_to(
    conn: &mut PgConnection,
    version_id: i64,
    commitment: Option<&Committed>,
) -> sqlx::Result<()> {
    let Some(Committed { solution_sha256, sha256, sealed_salt }) = commitment else { return Ok(()) };
    sqlx::query!(
        "insert into commitments as k
            (version_id, competition_id, input_revision, solution_sha256, sha256, sealed_salt, stands)
         select id, competition_id, input_revision, $2, $3, $4, false from scoring_versions where id = $1
         on conflict (version_id) do update set
            input_revision = excluded.input_revision, solution_sha256 = excluded.solution_sha256,
            sha256 = excluded.sha256, sealed_salt = excluded.sealed_salt
         where not k.stands",
        version_id,
        solution_sha256.as_slice(),
        sha256.as_slice(),
        sealed_salt.as_slice(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was looked at is not what there is now, where nothing could be written.
async fn announce_or_examine_again(
    conn: &mut PgConnection,
    leased: &Leased,
    version_id: i64,
    n_written: u64,
) -> sqlx::Result<Written> {
    if n_written == 0 {
        examine_again(conn, leased.competition()?, version_id).await?;
    }
    announce_job(conn, leased).await
}

/// Asks for one unless it is asked for already.
///
/// # Errors
/// Those of the database.
pub(super) async fn examine_again(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
) -> sqlx::Result<()> {
    let is_waiting = sqlx::query_scalar!(
        r#"select exists (
            select from jobs where version_id = $1 and kind = 'examine' and state = 'queued') as "waits!""#,
        version_id
    )
    .fetch_one(&mut *conn)
    .await?;
    if !is_waiting {
        queue::enqueue(conn, competition_id, Subject::Examine { version_id }, Priority::Interactive).await?;
    }
    Ok(())
}
