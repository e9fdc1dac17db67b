//! Labels that a host released: which version's, and what a scorer published of it.
//!
//! Never here: the decision. The schema refuses a release before the final board stands.

use holdout_contract::queue::Leased;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};

use super::examinations::commit_to;
use super::finish::{Written, announce_job, size, with_the_job};
use super::message::{Draft, Request};
use super::read::{About, Work};
use super::storage::Stored;
use crate::examine::committed::Committed;

/// Labels that are to be published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToRelease {
    pub competition_id: i64,
    pub draft: Draft,
    pub commitment: Option<Committed>,
    /// Whether somebody who is not done is judged by the same sealed file. What scorers wrote down says so, which no web
    /// server can change: one that was taken over gets no label by a competition of its own.
    pub judges_another: bool,
}

/// Labels in the clear, written to storage and not yet in the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Released {
    pub stored: Stored,
    /// Of the version's commitment.
    pub salt: [u8; 32],
    /// Where the version had none.
    pub made: Option<Committed>,
}

/// What is to be published; `None` where nobody waits for it.
pub(super) async fn work(
    conn: &mut PgConnection,
    version_id: i64,
    draft: Draft,
) -> sqlx::Result<Option<Work>> {
    let solution = draft.solution.as_ref().and_then(|file| file.sha256);
    let row = sqlx::query!(
        r#"select r.competition_id, k.solution_sha256 as "solution_sha256?", k.sha256 as "sha256?",
                  k.sealed_salt as "sealed_salt?",
                  exists (select from commitments o
                          join competitions c on c.id = o.competition_id
                          where o.solution_sha256 = $2 and c.id <> r.competition_id
                            and c.settled_at is null)
                  or coalesce(judges_another($2, r.competition_id), false) as "judges_another!"
           from label_releases r
           left join commitments k on k.version_id = r.version_id
           where r.version_id = $1 and r.released_at is null"#,
        version_id,
        solution.as_ref().map(<[u8; 32]>::as_slice),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let hash = |bytes: Option<Vec<u8>>| bytes.and_then(|hash| hash.try_into().ok());
    let hashes = hash(row.solution_sha256).zip(hash(row.sha256));
    let commitment = hashes.zip(row.sealed_salt).map(|((solution_sha256, sha256), sealed_salt)| Committed {
        solution_sha256,
        sha256,
        sealed_salt,
    });
    let asked = Box::new(ToRelease {
        competition_id: row.competition_id,
        draft,
        commitment,
        judges_another: row.judges_another,
    });
    let request = Request::Release { asked };
    Ok(Some(Work { request, about: About::Release { version_id } }))
}

/// Publishes.
///
/// # Errors
/// Those of the database.
pub(super) async fn released(
    db: &PgPool,
    leased: &Leased,
    version_id: i64,
    released: &Released,
) -> sqlx::Result<Written> {
    with_the_job(db, leased, async |conn| {
        commit_to(conn, version_id, released.made.as_ref()).await?;
        let written = sqlx::query!(
            "update label_releases
             set released_at = clock_now(), salt = $2, storage_key = $3, size_bytes = $4, sha256 = $5, failure = null
             where version_id = $1 and released_at is null",
            version_id,
            released.salt.as_slice(),
            released.stored.key,
            size(&released.stored)?,
            &released.stored.sha256[..],
        )
        .execute(&mut *conn)
        .await?;
        if written.rows_affected() == 0 {
            return Ok(Written::Stale);
        }
        announce_job(conn, leased).await
    })
    .await
}

/// Tells the host why nothing was published.
///
/// # Errors
/// Those of the database.
pub(super) async fn withheld(
    db: &PgPool,
    leased: &Leased,
    version_id: i64,
    reason: &str,
) -> sqlx::Result<Written> {
    with_the_job(db, leased, async |conn| {
        failed(conn, version_id, reason).await?;
        announce_job(conn, leased).await
    })
    .await
}

/// # Errors
/// Those of the database.
pub(super) async fn failed(conn: &mut PgConnection, version_id: i64, reason: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update label_releases set failure = $2 where version_id = $1 and released_at is null",
        version_id,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}
