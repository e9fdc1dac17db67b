//! The job queue: leases with fencing, fair shares, three attempts. Its rows live in `jobs`.
//!
//! A job is enqueued in the transaction of what it is about. No transaction is open while a job
//! runs; whoever finishes must still hold the lease, or the result is dropped.
//! Leases use the database's `now()`, never contest time.

mod batch;
mod gpu;

pub use batch::{claim_beside, hand_back, renew_all, take_apart};
pub use gpu::FILE_BY_FILE;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::handshake::CONTRACT;
use crate::job::{Priority, Subject};
use gpu::BETTER_ON_A_GPU;

/// A job is given up after this many leases have run out or ended in a fault of ours.
pub const MAX_ATTEMPTS: i32 = 3;

/// A job is put off this often at most because something around it is away: for about a day.
/// Every later time costs an attempt.
pub const MAX_SETBACKS: i32 = 2880;

/// What any job needs.
const FIRST_CONTRACT: i32 = 1;

/// A leased job.
#[derive(Debug, Clone)]
pub struct Leased {
    pub job_id: i64,
    pub lease: Uuid,
    pub subject: Subject,
    /// Every job has one, but for runs of notebooks that belong to none.
    pub competition_id: Option<i64>,
    /// 1 at the first try.
    pub attempts: i32,
}

impl Leased {
    /// The competition of a job about scores.
    ///
    /// # Errors
    /// A job that has none, which the schema rules out.
    pub fn competition(&self) -> sqlx::Result<i64> {
        self.competition_id
            .ok_or_else(|| sqlx::Error::Decode(format!("job {} has no competition", self.job_id).into()))
    }
}

/// Adds a job. Start-time fair queueing on two levels: its turn is one behind its competition's last
/// waiting job and never before the queue's head; within the competition its team turn is the same
/// among teams. A burst of one team or of one competition delays only itself.
///
/// Runs of notebooks have turns and a priority of their own, and the schema refuses them here: see [`enqueue_run`].
///
/// # Errors
/// Those of the database.
pub async fn enqueue(
    conn: &mut PgConnection,
    competition_id: i64,
    subject: Subject,
    priority: Priority,
) -> sqlx::Result<i64> {
    let Columns {
        kind,
        team_id,
        submission_id,
        check_id,
        version_id,
        table_id,
        verification_id,
        comparison_id,
        needs,
    } = columns(subject);
    sqlx::query_scalar!(
        "insert into jobs
            (kind, priority, turn, team_turn, competition_id, team_id, submission_id, check_id, version_id, table_id,
             verification_id, comparison_id, needs)
         values (
            $1, $2,
            greatest(
                coalesce((select turn from jobs where state = 'queued' and priority = $2 order by turn, id limit 1), 0),
                coalesce((select turn + 1 from jobs
                          where state = 'queued' and competition_id = $3 and priority = $2
                          order by turn desc, id desc limit 1), 0)
            ),
            greatest(
                coalesce((select team_turn from jobs
                          where state = 'queued' and competition_id = $3 and priority = $2
                          order by team_turn, id limit 1), 0),
                coalesce((select team_turn + 1 from jobs
                          where state = 'queued' and team_id = $4 and priority = $2
                          order by team_turn desc limit 1), 0),
                coalesce((select team_turn + 1 from jobs
                          where state = 'queued' and $4::bigint is null and team_id is null
                            and priority = $2 and competition_id = $3
                          order by team_turn desc limit 1), 0)
            ),
            $3, $4, $5, $6, $7, $8, $9, $10, $11)
         returning id",
        kind,
        priority as i16,
        competition_id,
        team_id,
        submission_id,
        check_id,
        version_id,
        table_id,
        verification_id,
        comparison_id,
        needs.max(FIRST_CONTRACT),
    )
    .fetch_one(conn)
    .await
}

/// Adds a run of a notebook. Its turn is one behind the last that waits for the same person: a burst of one
/// person delays only that person.
///
/// # Errors
/// Those of the database.
pub async fn enqueue_run(
    conn: &mut PgConnection,
    run_id: i64,
    competition_id: Option<i64>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "insert into jobs (kind, priority, turn, competition_id, run_id)
         values (
            'run', $3,
            greatest(
                coalesce((select turn from jobs where state = 'queued' and priority = $3 order by turn, id limit 1), 0),
                coalesce((select j.turn + 1 from notebook_runs r
                          join jobs j on j.run_id = r.id and j.state = 'queued'
                          where r.finished_at is null
                            and r.asked_by = (select asked_by from notebook_runs where id = $1)
                          order by j.turn desc limit 1), 0)
            ),
            $2, $1)
         returning id",
        run_id,
        competition_id,
        Priority::Run as i16,
    )
    .fetch_one(conn)
    .await
}

/// Leases the next run of a notebook for `lease_seconds`, or `None` when none waits. Pauses are as in [`claim`].
///
/// # Errors
/// Those of the database.
pub async fn claim_run(
    conn: &mut PgConnection,
    runner: Uuid,
    lease_seconds: f64,
) -> sqlx::Result<Option<Leased>> {
    let row = sqlx::query_as!(
        Row,
        "update jobs
         set state = 'leased', lease = gen_random_uuid(), leased_by = $1, leased_at = now(),
             lease_until = now() + make_interval(secs => $2), attempts = attempts + 1, spoken = $4
         where id = (
            select id from jobs
            where state = 'queued' and (run_at <= now() or run_at > now() + interval '1 minute') and priority = $3
              and needs <= $4
            order by turn, id
            limit 1
            for update skip locked)
         returning id, lease as \"lease!\", kind, competition_id, team_id, submission_id, check_id, version_id, table_id, verification_id, run_id, comparison_id, attempts",
        runner,
        lease_seconds,
        Priority::Run as i16,
        CONTRACT,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Leased::try_from).transpose()
}

/// Leases the next job about scores for `lease_seconds`, or `None` when none waits. Runs of notebooks are not
/// among them: see [`claim_run`].
///
/// No pause is as long as a minute: a job that seems to wait longer was put there before the
/// machine's clock was set back, and is due.
///
/// Jobs that this program's contract does not cover are left to others; see [`crate::handshake`].
///
/// The job at the head of the queue names the competition whose turn it is; of that competition the
/// team whose turn it is runs, and the head takes over the later turn in exchange.
///
/// A worker that announced no GPU leaves what is better done on one to a living worker that did: for 20 seconds,
/// since that one may be busy with something long. Where none lives, nothing is left, nor what gains nothing there.
///
/// # Errors
/// Those of the database.
pub async fn claim(
    conn: &mut PgConnection,
    worker: Uuid,
    lease_seconds: f64,
) -> sqlx::Result<Option<Leased>> {
    let row = sqlx::query_as!(
        Row,
        "with living as materialized (
            select exists (
                select from scorers_at_work
                where gpu is not null and id <> $1 and last_seen_at > now() - interval '30 seconds')
              and not exists (select from scorers where gpu is not null and id = $1) as have_a_gpu
         ), head as materialized (
            select id, priority, competition_id from jobs
            where state = 'queued' and (run_at <= now() or run_at > now() + interval '1 minute')
              and priority < $3 and needs <= $4
              and not (kind = any ($5) and created_at between now() - interval '20 seconds' and now()
                       and (select have_a_gpu from living)
                       and not (kind = 'ranks' and (
                          select c.settled_at is not null from competitions c where c.id = jobs.competition_id))
                       and not exists (
                          select from scoring_versions v
                          where is_file_by_file(v.metric, v.params, $6) and v.id = coalesce(
                             jobs.version_id,
                             (select k.version_id from verifications k where k.id = jobs.verification_id))))
            order by priority, turn, id
            limit 1
            for update skip locked
         ), chosen as materialized (
            select id, turn from jobs
            where state = 'queued' and (run_at <= now() or run_at > now() + interval '1 minute')
              and competition_id = (select competition_id from head)
              and priority = (select priority from head) and needs <= $4
              and not (kind = any ($5) and created_at between now() - interval '20 seconds' and now()
                       and (select have_a_gpu from living)
                       and not (kind = 'ranks' and (
                          select c.settled_at is not null from competitions c where c.id = jobs.competition_id))
                       and not exists (
                          select from scoring_versions v
                          where is_file_by_file(v.metric, v.params, $6) and v.id = coalesce(
                             jobs.version_id,
                             (select k.version_id from verifications k where k.id = jobs.verification_id))))
            order by team_turn, id
            limit 1
            for update skip locked
         ), exchanged as (
            update jobs set turn = (select turn from chosen)
            where id = (select id from head) and id <> (select id from chosen)
         )
         update jobs
         set state = 'leased', lease = gen_random_uuid(), leased_by = $1, leased_at = now(),
             lease_until = now() + make_interval(secs => $2), attempts = attempts + 1, spoken = $4
         where id = (select id from chosen)
         returning id, lease as \"lease!\", kind, competition_id, team_id, submission_id, check_id, version_id, table_id, verification_id, run_id, comparison_id, attempts",
        worker,
        lease_seconds,
        Priority::Run as i16,
        CONTRACT,
        &BETTER_ON_A_GPU as &[&str],
        &FILE_BY_FILE as &[&str],
    )
    .fetch_optional(conn)
    .await?;
    row.map(Leased::try_from).transpose()
}

/// Prolongs a lease; `false` when it was lost.
///
/// # Errors
/// Those of the database.
pub async fn renew(conn: &mut PgConnection, leased: &Leased, lease_seconds: f64) -> sqlx::Result<bool> {
    Ok(renew_all(conn, std::slice::from_ref(leased), lease_seconds).await? == 1)
}

/// Ends a job inside the transaction that writes its outcome. `false` means that another worker
/// owns the job now: roll back.
///
/// # Errors
/// Those of the database.
pub async fn finish(conn: &mut PgConnection, leased: &Leased) -> sqlx::Result<bool> {
    let finished = sqlx::query!(
        "update jobs set state = 'done', lease = null, lease_until = null, finished_at = now(), error = null
         where id = $1 and lease = $2 and state = 'leased'",
        leased.job_id,
        leased.lease,
    )
    .execute(conn)
    .await?;
    Ok(finished.rows_affected() == 1)
}

/// Puts a job back after a fault of ours, to run again after a pause that grows with each attempt.
/// `false` when this was the last attempt or the lease was lost: see [`give_up`].
///
/// # Errors
/// Those of the database.
pub async fn retry(conn: &mut PgConnection, leased: &Leased, error: &str) -> sqlx::Result<bool> {
    let put_back = sqlx::query!(
        "update jobs
         set state = 'queued', lease = null, lease_until = null, error = $3,
             run_at = now() + make_interval(secs => 2 ^ (attempts - 1))
         where id = $1 and lease = $2 and state = 'leased' and attempts < $4",
        leased.job_id,
        leased.lease,
        error,
        MAX_ATTEMPTS,
    )
    .execute(conn)
    .await?;
    Ok(put_back.rows_affected() == 1)
}

/// Puts a job back because something around it is away, such as the storage of files. It costs no
/// attempt: the job waits, with pauses of up to half a minute. `false` when it was put off too often
/// or the lease was lost.
///
/// # Errors
/// Those of the database.
pub async fn put_off(conn: &mut PgConnection, leased: &Leased, error: &str) -> sqlx::Result<bool> {
    let put_off = sqlx::query!(
        "update jobs
         set state = 'queued', lease = null, lease_until = null, error = $3,
             attempts = attempts - 1, setbacks = setbacks + 1,
             run_at = now() + make_interval(secs => least(30, 0.25 * 2 ^ least(setbacks, 7)))
         where id = $1 and lease = $2 and state = 'leased' and setbacks < $4",
        leased.job_id,
        leased.lease,
        error,
        MAX_SETBACKS,
    )
    .execute(conn)
    .await?;
    Ok(put_off.rows_affected() == 1)
}

/// Puts a job back for another worker: this one lacks what it needs, and no attempt is spent. `false`
/// when the lease was lost.
///
/// # Errors
/// Those of the database.
pub async fn pass_on(conn: &mut PgConnection, leased: &Leased) -> sqlx::Result<bool> {
    let passed_on = sqlx::query!(
        "update jobs
         set state = 'queued', lease = null, lease_until = null, attempts = attempts - 1,
             run_at = now() + interval '1 second'
         where id = $1 and lease = $2 and state = 'leased'",
        leased.job_id,
        leased.lease,
    )
    .execute(conn)
    .await?;
    Ok(passed_on.rows_affected() == 1)
}

/// Marks a job failed for good, inside the transaction that tells its owner. `false` when the
/// lease was lost.
///
/// # Errors
/// Those of the database.
pub async fn give_up(conn: &mut PgConnection, leased: &Leased, error: &str) -> sqlx::Result<bool> {
    let failed = sqlx::query!(
        "update jobs set state = 'failed', lease = null, lease_until = null, finished_at = now(), error = $3
         where id = $1 and lease = $2 and state = 'leased'",
        leased.job_id,
        leased.lease,
        error,
    )
    .execute(conn)
    .await?;
    Ok(failed.rows_affected() == 1)
}

/// Puts jobs whose lease ran out back into the queue. Those that used their last attempt come
/// back as leased to `worker`, for it to [`give_up`] on with the words for the host.
///
/// No lease reaches two minutes ahead: one that does was given before the machine's clock was set
/// back. It is shortened; whoever lives renews it in time.
///
/// # Errors
/// Those of the database.
pub async fn recover(conn: &mut PgConnection, worker: Uuid) -> sqlx::Result<Vec<Leased>> {
    sqlx::query!(
        "update jobs set lease_until = now() + interval '15 seconds'
         where state = 'leased' and lease_until > now() + interval '2 minutes'"
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update jobs
         set state = 'queued', lease = null, lease_until = null, run_at = now(),
             error = 'the scorer that held this job disappeared'
         where id in (
            select id from jobs
            where state = 'leased' and lease_until < now() and attempts < $1
            limit 100
            for update skip locked)",
        MAX_ATTEMPTS,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query_as!(
        Row,
        "update jobs
         set lease = gen_random_uuid(), leased_by = $2, lease_until = now() + interval '1 minute', spoken = $3
         where id in (
            select id from jobs
            where state = 'leased' and lease_until < now() and attempts >= $1
            limit 100
            for update skip locked)
         returning id, lease as \"lease!\", kind, competition_id, team_id, submission_id, check_id, version_id, table_id, verification_id, run_id, comparison_id, attempts",
        MAX_ATTEMPTS,
        worker,
        CONTRACT,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Leased::try_from)
    .collect()
}

/// What is returned of a job that was leased.
struct Row {
    id: i64,
    lease: Uuid,
    kind: String,
    competition_id: Option<i64>,
    team_id: Option<i64>,
    submission_id: Option<i64>,
    check_id: Option<Uuid>,
    version_id: Option<i64>,
    table_id: Option<i64>,
    verification_id: Option<i64>,
    run_id: Option<i64>,
    comparison_id: Option<i64>,
    attempts: i32,
}

impl TryFrom<Row> for Leased {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let subject = match row.kind.as_str() {
            "score" => row
                .submission_id
                .zip(row.team_id)
                .map(|(submission_id, team_id)| Subject::Score { submission_id, team_id }),
            "rescore" => row.submission_id.zip(row.team_id).zip(row.version_id).map(
                |((submission_id, team_id), version_id)| Subject::Rescore {
                    submission_id,
                    team_id,
                    version_id,
                },
            ),
            "verify" => row.submission_id.zip(row.team_id).zip(row.verification_id).map(
                |((submission_id, team_id), verification_id)| Subject::Verify {
                    submission_id,
                    team_id,
                    verification_id,
                },
            ),
            "check" => row.check_id.map(|check_id| Subject::Check { check_id }),
            "compare" => row.comparison_id.map(|comparison_id| Subject::Compare { comparison_id }),
            "examine" => row.version_id.map(|version_id| Subject::Examine { version_id }),
            "release" => row.version_id.map(|version_id| Subject::Release { version_id }),
            "split" => row.table_id.map(|table_id| Subject::Split { table_id }),
            "run" => row.run_id.map(|run_id| Subject::Run { run_id }),
            "ranks" => Some(Subject::Ranks),
            "other_metrics" => Some(Subject::OtherMetrics),
            "probing" => Some(Subject::Probing),
            _ => None,
        };
        Ok(Self {
            job_id: row.id,
            lease: row.lease,
            subject: subject
                .ok_or_else(|| sqlx::Error::Decode(format!("job {} has no subject", row.id).into()))?,
            competition_id: row.competition_id,
            attempts: row.attempts,
        })
    }
}

/// A subject as the columns of a job; that of a run has a statement of its own.
#[derive(Default)]
struct Columns {
    kind: &'static str,
    team_id: Option<i64>,
    submission_id: Option<i64>,
    check_id: Option<Uuid>,
    version_id: Option<i64>,
    table_id: Option<i64>,
    verification_id: Option<i64>,
    comparison_id: Option<i64>,
    /// The oldest contract in which it can be understood.
    needs: i32,
}

fn columns(subject: Subject) -> Columns {
    let of_submission = |kind, submission_id, team_id| Columns {
        kind,
        team_id: Some(team_id),
        submission_id: Some(submission_id),
        ..Columns::default()
    };
    match subject {
        Subject::Score { submission_id, team_id } => of_submission("score", submission_id, team_id),
        Subject::Rescore { submission_id, team_id, version_id } => {
            Columns { version_id: Some(version_id), ..of_submission("rescore", submission_id, team_id) }
        }
        Subject::Verify { submission_id, team_id, verification_id } => Columns {
            verification_id: Some(verification_id),
            ..of_submission("verify", submission_id, team_id)
        },
        Subject::Check { check_id } => {
            Columns { kind: "check", check_id: Some(check_id), ..Columns::default() }
        }
        Subject::Compare { comparison_id } => {
            Columns { kind: "compare", comparison_id: Some(comparison_id), ..Columns::default() }
        }
        Subject::Examine { version_id } => {
            Columns { kind: "examine", version_id: Some(version_id), ..Columns::default() }
        }
        Subject::Release { version_id } => {
            Columns { kind: "release", version_id: Some(version_id), needs: 3, ..Columns::default() }
        }
        Subject::Split { table_id } => {
            Columns { kind: "split", table_id: Some(table_id), ..Columns::default() }
        }
        Subject::Run { .. } => Columns { kind: "run", ..Columns::default() },
        Subject::Ranks => Columns { kind: "ranks", ..Columns::default() },
        Subject::OtherMetrics => Columns { kind: "other_metrics", ..Columns::default() },
        Subject::Probing => Columns { kind: "probing", ..Columns::default() },
    }
}
