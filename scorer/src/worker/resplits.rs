//! Which versions a new one's split is held against while private scores are hidden, and what came of it.

use sqlx::PgConnection;

use super::finish::size;
use super::message::{CountedVersion, Judging, KeptSolution, Resplit};
use super::read::{self, Examined};

/// Every version that counts or counted and splits its solution in its own way, the oldest first. The schema lets none
/// start whose split was not held against the active one.
///
/// # Errors
/// Those of the database.
pub(super) async fn counted(
    conn: &mut PgConnection,
    competition_id: i64,
    active: i64,
) -> sqlx::Result<Vec<CountedVersion>> {
    let rows = sqlx::query!(
        "select id, number from scoring_versions
         where competition_id = $1 and (activated_at is not null or id = $2)
         order by number",
        competition_id,
        active,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut counted: Vec<CountedVersion> = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(version) = read::version(conn, row.id).await? else { continue };
        let module = version.judging.module.map(|_| String::new());
        let judging = Judging { module, ..version.judging };
        let (is_active, is_first) = (row.id == active, counted.is_empty());
        if is_active || !counted.iter().any(|other| other.judging == judging) {
            counted.push(CountedVersion { number: row.number, is_active, is_first, judging });
        }
    }
    Ok(counted)
}

/// Writes what came of it. The version's row is held.
///
/// # Errors
/// Those of the database.
pub(super) async fn compared(
    conn: &mut PgConnection,
    version: &Examined,
    resplit: &Resplit,
) -> sqlx::Result<()> {
    if let Some(kept) = &resplit.kept {
        put_kept(conn, version.version_id, kept).await?;
    }
    sqlx::query!(
        "insert into split_comparisons (version_id, input_revision, active_version_id, is_allowed)
         select $1, $2, $3, $4 where $3::bigint is not null
         on conflict (version_id) do update set
            input_revision = excluded.input_revision, active_version_id = excluded.active_version_id,
            is_allowed = excluded.is_allowed",
        version.version_id,
        version.input_revision,
        version.active_version_id,
        resplit.is_allowed,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts the solution whose split was kept in the place of the one that was sent.
async fn put_kept(conn: &mut PgConnection, version_id: i64, kept: &KeptSolution) -> sqlx::Result<()> {
    sqlx::query!(
        "with kept as (
             insert into solutions (competition_id, recipient, storage_key, sealed_bytes, sealed_sha256, keeps_split)
             select competition_id, $2, $3, $4, $5, true from scoring_versions where id = $1
             returning id
         )
         update scoring_versions v set solution_id = kept.id from kept where v.id = $1",
        version_id,
        kept.recipient,
        kept.stored.key,
        size(&kept.stored)?,
        &kept.stored.sha256[..],
    )
    .execute(conn)
    .await?;
    Ok(())
}
