//! Rescorings and verifications that are done together, each under a lease of its own: what holds for one job holds for
//! each of them.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Columns, Leased, Row, columns};
use crate::handshake::CONTRACT;
use crate::job::{Priority, Subject};

/// Leases further rescorings under the version of one that is in hand, or further jobs of its verification, `most` at
/// most, those that wait longest first: a competition's batch takes the turns that its jobs would have taken one after
/// another. They are few enough to be done before teams could tell in which order.
///
/// What a scorer held before is left to be done alone, as it may be what broke it; and so is everything where the one in
/// hand is such a job. On a Ladder what waits for another file of its team is left, so that of each team one at most is
/// rescored; a verification finds on record what each was judged against.
///
/// # Errors
/// Those of the database.
pub async fn claim_beside(
    conn: &mut PgConnection,
    worker: Uuid,
    lease_seconds: f64,
    in_hand: &Leased,
    most: i64,
) -> sqlx::Result<Vec<Leased>> {
    let priority = match in_hand.subject {
        Subject::Rescore { .. } => Priority::Rescoring,
        Subject::Verify { .. } => Priority::Audit,
        _ => return Ok(Vec::new()),
    };
    let Columns { kind, version_id, verification_id, .. } = columns(in_hand.subject);
    let mut leased: Vec<Leased> = sqlx::query_as!(
        Row,
        "with chosen as materialized (
            select j.id from jobs j
            where j.state = 'queued' and (j.run_at <= now() or j.run_at > now() + interval '1 minute')
              and j.competition_id = $4 and j.priority = $5 and j.needs <= $6
              and j.kind = $7 and j.version_id is not distinct from $8 and j.verification_id is not distinct from $9
              and j.attempts = 0 and not j.is_alone
              and exists (select from jobs h where h.id = $3 and h.attempts = 1 and not h.is_alone)
              and ($7 = 'verify' or not exists (select from competitions c where c.id = $4 and c.ladder = 'on')
                   or not exists (
                      select from waiting_on_ladders w where w.submission_id = j.submission_id and w.version_id = $8))
            order by j.turn, j.id
            limit $10
            for update of j skip locked
         )
         update jobs
         set state = 'leased', lease = gen_random_uuid(), leased_by = $1, leased_at = now(),
             lease_until = now() + make_interval(secs => $2), attempts = attempts + 1, spoken = $6
         where id in (select id from chosen)
         returning id, lease as \"lease!\", kind, competition_id, team_id, submission_id, check_id, version_id, table_id, verification_id, run_id, comparison_id, attempts",
        worker,
        lease_seconds,
        in_hand.job_id,
        in_hand.competition()?,
        priority as i16,
        CONTRACT,
        kind,
        version_id,
        verification_id,
        most,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Leased::try_from)
    .collect::<sqlx::Result<_>>()?;
    leased.sort_unstable_by_key(|leased| leased.job_id);
    Ok(leased)
}

/// Prolongs the leases that are still held, and counts them.
///
/// # Errors
/// Those of the database.
pub async fn renew_all(conn: &mut PgConnection, held: &[Leased], lease_seconds: f64) -> sqlx::Result<u64> {
    let (ids, leases) = names(held);
    let renewed = sqlx::query!(
        "update jobs j set lease_until = now() + make_interval(secs => $3)
         from unnest($1::bigint[], $2::uuid[]) as held (id, lease)
         where j.id = held.id and j.lease = held.lease and j.state = 'leased'",
        &ids,
        &leases,
        lease_seconds,
    )
    .execute(conn)
    .await?;
    Ok(renewed.rows_affected())
}

/// Puts jobs of a batch back that were not begun: no attempt is spent, and no pause is made.
///
/// # Errors
/// Those of the database.
pub async fn hand_back(conn: &mut PgConnection, held: &[Leased]) -> sqlx::Result<()> {
    put_back(conn, held, false).await
}

/// Puts the jobs of a batch that broke back, to be done one by one: whichever of them broke it, the others have spent
/// no attempt.
///
/// # Errors
/// Those of the database.
pub async fn take_apart(conn: &mut PgConnection, held: &[Leased]) -> sqlx::Result<()> {
    put_back(conn, held, true).await
}

/// What is to be done alone stays so.
async fn put_back(conn: &mut PgConnection, held: &[Leased], to_be_done_alone: bool) -> sqlx::Result<()> {
    let (ids, leases) = names(held);
    sqlx::query!(
        "update jobs j
         set state = 'queued', lease = null, lease_until = null, attempts = attempts - 1, run_at = now(),
             is_alone = is_alone or $3
         from unnest($1::bigint[], $2::uuid[]) as held (id, lease)
         where j.id = held.id and j.lease = held.lease and j.state = 'leased'",
        &ids,
        &leases,
        to_be_done_alone,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn names(held: &[Leased]) -> (Vec<i64>, Vec<Uuid>) {
    held.iter().map(|leased| (leased.job_id, leased.lease)).unzip()
}
