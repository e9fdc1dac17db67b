//! One job from claim to outcome: the whole of a worker's step, called by the loop and by tests.

use std::time::Duration;

use holdout_contract::events::{self, Event};
use holdout_contract::job::{CheckVerdict, Subject};
use holdout_contract::queue::{self, Leased, MAX_ATTEMPTS};
use sqlx::PgPool;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::announce;
use super::batch::{self, Pace};
use super::climbing;
use super::comparing;
use super::depot::Depot;
use super::examinations::{self, Found};
use super::finish::{self, Judged, Written};
use super::give_up::give_up;
use super::leaving::Leaving;
use super::message::{Answer, Request};
use super::other_metrics;
use super::patience::{connected, is_away, patiently};
use super::probing;
use super::ranks;
use super::read::{self, About, Work};
use super::releasing;
use super::rescoring::{self, Advance};
use super::sealings::Admitted;
use super::verify;
use super::warm::{Broken, Warm};

/// A worker: one job at a time, or one batch.
pub struct Worker {
    pub id: Uuid,
    pub db: PgPool,
    /// Where jobs are announced.
    pub direct: PgPool,
    pub depot: Depot,
    pub warm: Warm,
    /// How long a job stays this worker's without a sign of life.
    pub lease: Duration,
    /// Has the job in hand given back.
    pub leaving: Leaving,
    /// How many rescorings, or jobs of a verification, are done together.
    pub pace: Pace,
    /// Whose solutions are looked up once.
    pub admitted: Admitted,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// No job waits.
    Idle,
    Done {
        job_id: i64,
    },
    /// Another worker owns the job now; its outcome was dropped.
    LeaseLost {
        job_id: i64,
    },
    /// A fault of ours; the job runs again after a pause.
    PutBack {
        job_id: i64,
    },
    /// The last fault of ours; the job is failed.
    GaveUp {
        job_id: i64,
    },
    /// Jobs that were taken together; those that were not done are back in the queue.
    Batch {
        n_taken: usize,
        n_done: usize,
    },
}

pub(super) const PARTS_ARE_MISSING: &str = "the competition's files or its scoring version are missing";

/// Takes the next job and does it; of a rescoring or a verification, several.
///
/// # Errors
/// Those of the database, when it answers and refuses. While it is away, a job in hand is kept.
pub async fn step(worker: &mut Worker) -> sqlx::Result<Stepped> {
    let stepped = take_and_do(worker).await;
    if worker.warm.take_lost_gpu() {
        patiently(async || announce::lost_gpu(&worker.db, worker.id).await).await?;
    }
    stepped
}

async fn take_and_do(worker: &mut Worker) -> sqlx::Result<Stepped> {
    let Some(leased) = claim_or_ask(worker).await? else { return Ok(Stepped::Idle) };
    let db = worker.db.clone();
    if patiently(async || climbing::waits_for_earlier(&db, &leased).await).await? {
        return pass_on(&db, &leased).await;
    }
    let beside = batch::beside(worker, &leased).await?;
    if !beside.is_empty() {
        return batch::step(worker, [vec![leased], beside].concat()).await;
    }
    let Some(work) = patiently(async || read::work(&db, &leased).await).await? else {
        return fault(&db, &leased, PARTS_ARE_MISSING).await;
    };
    if work.needs_sandbox() && patiently(async || announce::another_has_sandbox(&db, worker.id).await).await?
    {
        return pass_on(&db, &leased).await;
    }
    if let Some(answer) = worker.admitted.refuse(&db, &leased, &work.request).await? {
        return conclude(worker, &leased, &work.about, answer).await;
    }
    patiently(async || start(&db, &leased).await).await?;
    match ask(worker, std::slice::from_ref(&leased), &work.request).await? {
        Asked::LeaseLost => Ok(Stepped::LeaseLost { job_id: leased.job_id }),
        Asked::HandBack => {
            tracing::info!(job_id = leased.job_id, "a job is handed back");
            pass_on(&db, &leased).await
        }
        Asked::Answered(answered) => judge(worker, &leased, &work, *answered).await,
    }
}

async fn judge(
    worker: &Worker,
    leased: &Leased,
    work: &Work,
    answered: Result<Answer, Broken>,
) -> sqlx::Result<Stepped> {
    let db = &worker.db;
    match answered {
        Ok(answer) => conclude(worker, leased, &work.about, answer).await,
        Err(Broken::CannotStart(_)) => setback(db, leased, "the scoring process could not be started").await,
        Err(broken) => fault(db, leased, &broken.to_string()).await,
    }
}

/// Puts back the jobs of workers that disappeared, and gives up those that used their last attempt.
///
/// # Errors
/// Those of the database.
pub async fn recover(db: &PgPool, worker: Uuid) -> sqlx::Result<()> {
    let mut conn = db.acquire().await?;
    let broken = queue::recover(&mut conn, worker).await?;
    drop(conn);
    for leased in broken {
        give_up(db, &leased, "the scorer that held it disappeared each time").await?;
    }
    Ok(())
}

/// How long to wait for work that another scorer puts into the queue.
const ELSEWHERE_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// The next job; where none waits, the next of a rescoring.
async fn claim_or_ask(worker: &Worker) -> sqlx::Result<Option<Leased>> {
    loop {
        let claimed = claim(worker).await?;
        if claimed.is_some() {
            return Ok(claimed);
        }
        match rescoring::advance(&worker.db).await? {
            Advance::Asked => {}
            Advance::Elsewhere => tokio::time::sleep(ELSEWHERE_PAUSE).await,
            Advance::Nothing => return Ok(None),
        }
    }
}

async fn claim(worker: &Worker) -> sqlx::Result<Option<Leased>> {
    let mut conn = worker.db.acquire().await?;
    queue::claim(&mut conn, worker.id, worker.lease.as_secs_f64()).await
}

/// Shows that a submission's turn has come.
async fn start(db: &PgPool, leased: &Leased) -> sqlx::Result<()> {
    let Subject::Score { submission_id, team_id } = leased.subject else { return Ok(()) };
    let mut tx = db.begin().await?;
    let started = sqlx::query!(
        "update submissions set state = 'scoring' where id = $1 and state = 'queued'",
        submission_id
    )
    .execute(&mut *tx)
    .await?;
    if started.rows_affected() == 1 {
        let competition_id = leased.competition()?;
        events::announce(&mut tx, Event::Submission { competition_id, team_id, submission_id }).await?;
    }
    tx.commit().await
}

/// What came of asking the child.
pub(super) enum Asked {
    Answered(Box<Result<Answer, Broken>>),
    /// No job is this worker's any more.
    LeaseLost,
    /// The worker leaves, and its child is ended.
    HandBack,
}

/// Has the child work while the leases are renewed.
pub(super) async fn ask(worker: &mut Worker, held: &[Leased], request: &Request) -> sqlx::Result<Asked> {
    let db = worker.db.clone();
    let leaving = worker.leaving.clone();
    let mut beat = interval(worker.lease / 3);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.tick().await; // the first tick is at once, and the lease is fresh
    let mut answer = std::pin::pin!(answer(&mut worker.depot, &mut worker.warm, request));
    loop {
        tokio::select! {
            answered = &mut answer => return Ok(Asked::Answered(Box::new(answered))),
            () = leaving.is_over() => return Ok(Asked::HandBack),
            _ = beat.tick() => match renew_all(&db, held, worker.lease).await {
                Ok(0) => return Ok(Asked::LeaseLost),
                Ok(_) => {}
                Err(error) if is_away(&error) => tracing::warn!(%error, "a lease could not be renewed"),
                Err(error) => return Err(error),
            },
        }
    }
}

/// Brings the files, asks, and stores what was made of them.
async fn answer(depot: &mut Depot, warm: &mut Warm, request: &Request) -> Result<Answer, Broken> {
    if let Err(error) = depot.fetch(request).await {
        return Ok(error.into());
    }
    let answer = warm.ask(request).await?;
    Ok(depot.put_away(&answer).await.map_or_else(Answer::from, |()| answer))
}

/// How many leases are still held.
pub(super) async fn renew_all(db: &PgPool, held: &[Leased], lease: Duration) -> sqlx::Result<u64> {
    let mut conn = db.acquire().await?;
    queue::renew_all(&mut conn, held, lease.as_secs_f64()).await
}

pub(crate) async fn renew(db: &PgPool, leased: &Leased, lease: Duration) -> sqlx::Result<bool> {
    let mut conn = db.acquire().await?;
    queue::renew(&mut conn, leased, lease.as_secs_f64()).await
}

/// Writes what the child answered.
pub(super) async fn conclude(
    worker: &Worker,
    leased: &Leased,
    about: &About,
    answer: Answer,
) -> sqlx::Result<Stepped> {
    let db = &worker.db;
    let job_id = leased.job_id;
    if let Answer::Fault { text, is_passing } = &answer {
        return if *is_passing { setback(db, leased, text).await } else { fault(db, leased, text).await };
    }
    let written = patiently(async || write(db, leased, about, &answer).await).await?;
    if written != Some(Written::Yes) {
        worker.depot.shelf.discard(&answer.files()).await;
    }
    match written {
        Some(Written::Yes) => Ok(Stepped::Done { job_id }),
        Some(Written::LeaseLost) => Ok(Stepped::LeaseLost { job_id }),
        Some(Written::Stale) => fault(db, leased, "the competition changed while it was being read").await,
        Some(Written::Overtaken) => pass_on(db, leased).await,
        None => fault(db, leased, "the scoring process gave an answer to another question").await,
    }
}

/// `None` when the answer does not fit what was asked.
async fn write(
    db: &PgPool,
    leased: &Leased,
    about: &About,
    answer: &Answer,
) -> sqlx::Result<Option<Written>> {
    let written = match (about, answer) {
        (About::Submission(submission), Answer::Scored { scores, rung, report }) => {
            let judged = Judged::Scored { scores, rung: *rung, report: report.as_deref() };
            finish::judged(db, leased, submission, judged).await?
        }
        (About::Submission(submission), Answer::Rejected { rejection }) => {
            finish::judged(db, leased, submission, Judged::Rejected(rejection)).await?
        }
        (About::Submission(submission), Answer::Broke { report }) => {
            finish::judged(db, leased, submission, Judged::Broke(report)).await?
        }
        (About::Verification { verification_id, submission }, Answer::Broke { report }) => {
            verify::verified(db, leased, *verification_id, submission, Judged::Broke(report)).await?
        }
        (About::Verification { verification_id, submission }, Answer::Scored { scores, rung, .. }) => {
            let judged = Judged::Scored { scores, rung: *rung, report: None };
            verify::verified(db, leased, *verification_id, submission, judged).await?
        }
        (About::Verification { verification_id, submission }, Answer::Rejected { rejection }) => {
            verify::verified(db, leased, *verification_id, submission, Judged::Rejected(rejection)).await?
        }
        (About::Check { check_id }, Answer::Fits { n_rows }) => {
            finish::checked(db, leased, *check_id, &CheckVerdict::Fits { n_rows: *n_rows }).await?
        }
        (About::Check { check_id }, Answer::Rejected { rejection }) => {
            let verdict = CheckVerdict::Rejected { rejection: rejection.clone() };
            finish::checked(db, leased, *check_id, &verdict).await?
        }
        (About::Comparison { comparison_id }, Answer::Compared { comparison }) => {
            comparing::compared(db, leased, *comparison_id, comparison).await?
        }
        (About::Version(version), Answer::Examined { report, commitment, resplit }) => {
            let found = Found { report, commitment: commitment.as_ref(), resplit: resplit.as_deref() };
            examinations::examined(db, leased, version, found).await?
        }
        (About::Files { version_id, files_revision }, Answer::Examined { report, commitment, .. }) => {
            let found = (report.findings.as_slice(), commitment.as_ref());
            examinations::files_examined(db, leased, *version_id, *files_revision, found).await?
        }
        (About::Release { version_id }, Answer::Released { released }) => {
            releasing::released(db, leased, *version_id, released).await?
        }
        (About::Release { version_id }, Answer::Withheld { reason }) => {
            releasing::withheld(db, leased, *version_id, reason).await?
        }
        (About::Table { table_id }, Answer::Split { files, proposal }) => {
            finish::split(db, leased, *table_id, files, proposal).await?
        }
        (About::Ranks(board), Answer::Ranks { ranks }) => ranks::found(db, leased, board, ranks).await?,
        (About::OtherMetrics(about), Answer::OtherMetrics { found }) => {
            other_metrics::found(db, leased, about, found).await?
        }
        (About::Probing(about), Answer::Probing { signs }) => {
            probing::found(db, leased, about, signs).await?
        }
        (About::Table { table_id }, Answer::Rejected { rejection }) => {
            finish::table_rejected(db, leased, *table_id, rejection).await?
        }
        _ => return Ok(None),
    };
    Ok(Some(written))
}

/// Something around the job is away: it waits for that, as it would for the database.
pub(crate) async fn setback(db: &PgPool, leased: &Leased, reason: &str) -> sqlx::Result<Stepped> {
    let job_id = leased.job_id;
    let is_put_off = connected(db, async |conn| queue::put_off(conn, leased, reason).await).await?;
    if !is_put_off {
        return fault(db, leased, reason).await;
    }
    tracing::warn!(job_id, reason, "a job is put off");
    Ok(Stepped::PutBack { job_id })
}

/// Another attempt after a pause, or, after the last one, the end.
pub(crate) async fn fault(db: &PgPool, leased: &Leased, reason: &str) -> sqlx::Result<Stepped> {
    let job_id = leased.job_id;
    tracing::warn!(job_id, attempt = leased.attempts, reason, "a job could not be done");
    if leased.attempts < MAX_ATTEMPTS {
        let put_back = connected(db, async |conn| queue::retry(conn, leased, reason).await).await?;
        return Ok(if put_back { Stepped::PutBack { job_id } } else { Stepped::LeaseLost { job_id } });
    }
    let gave_up = patiently(async || give_up(db, leased, reason).await).await?;
    Ok(if gave_up { Stepped::GaveUp { job_id } } else { Stepped::LeaseLost { job_id } })
}

/// Leaves the job to a scorer that has what it needs.
pub(crate) async fn pass_on(db: &PgPool, leased: &Leased) -> sqlx::Result<Stepped> {
    let passed_on = connected(db, async |conn| queue::pass_on(conn, leased).await).await?;
    let job_id = leased.job_id;
    Ok(if passed_on { Stepped::PutBack { job_id } } else { Stepped::LeaseLost { job_id } })
}
