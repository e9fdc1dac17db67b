//! The loop around [`step`]: listens, looks, polls with jitter; survives a database that comes and
//! goes; finishes the job in hand before it leaves, or hands it back.

use std::future::pending;
use std::time::Duration;

use holdout_contract::events::{self, JOBS_CHANNEL};
use holdout_contract::handshake::is_refusal;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::announce::{beat, refusal};
use super::clean::{clean, sweep};
use super::depot::Shelf;
use super::handshake::{Waited, until_understood};
use super::leaving::Signals;
use super::patience::{is_away, patiently};
use super::rescoring;
use super::room::Room;
use super::step::{Stepped, Worker, recover, step};

const POLL: Duration = Duration::from_secs(2);
const CHORES_EVERY: Duration = Duration::from_secs(4);
const CLEAN_EVERY: Duration = Duration::from_secs(3600);
/// Every stored file is looked at.
const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3600);
/// Not while a house starts.
const FIRST_SWEEP_AFTER: Duration = Duration::from_secs(3600);

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Told to.
    Signalled,
    /// One job was done, or none waits.
    Once,
    /// No job waits or is in anybody's hands.
    Drained,
}

/// Works until told to stop.
///
/// # Errors
/// What the database refuses; that it is away is waited out.
pub(crate) async fn run(
    worker: &mut Worker,
    until: Until,
    signals: &mut Signals,
    patience: Duration,
    room: Room,
) -> anyhow::Result<()> {
    let mut listener = None;
    recover_patiently(worker).await?;
    let shelf = worker.depot.shelf.clone();
    let sweeps = tokio::spawn(sweeps(worker.db.clone(), shelf.clone()));
    let chores = tokio::spawn(chores(worker.db.clone(), worker.id, shelf));
    let worked = work(worker, until, signals, patience, room, &mut listener).await;
    chores.abort();
    sweeps.abort();
    worked
}

async fn work(
    worker: &mut Worker,
    until: Until,
    signals: &mut Signals,
    patience: Duration,
    mut room: Room,
    listener: &mut Option<PgListener>,
) -> anyhow::Result<()> {
    let leaving = worker.leaving.clone();
    loop {
        // Registered before looking: a job that comes between the two wakes this worker.
        if listener.is_none() {
            *listener = listen(&worker.db, &worker.direct).await;
        }
        let stepped = if room.suffices(worker).await {
            tokio::select! {
                stepped = step(worker) => stepped,
                () = signals.end_in_time(patience, &leaving) => continue,
            }
        } else {
            Ok(Stepped::Idle)
        };
        let Some(stepped) = endured(worker, until, signals, stepped).await? else { return Ok(()) };
        let is_over = match until {
            Until::Once => true,
            Until::Drained => stepped == Stepped::Idle && is_drained(&worker.db).await?,
            Until::Signalled => false,
        };
        if is_over || signals.came() {
            return Ok(());
        }
        if stepped != Stepped::Idle {
            continue;
        }
        let pause = if until == Until::Drained { Duration::from_millis(100) } else { jittered(POLL) };
        tokio::select! {
            () = signals.arrival() => return Ok(()),
            is_listening = heard(listener) => if !is_listening { *listener = None },
            () = sleep(pause) => {}
        }
    }
}

/// What a step came to, and [`Stepped::Idle`] where it failed in a way that passes; `None` for a worker that was told to leave
/// while it waited for a database that understands it.
async fn endured(
    worker: &Worker,
    until: Until,
    signals: &mut Signals,
    stepped: sqlx::Result<Stepped>,
) -> anyhow::Result<Option<Stepped>> {
    let error = match stepped {
        Ok(stepped) => return Ok(Some(stepped)),
        Err(error) => error,
    };
    if is_away(&error) {
        tracing::warn!(%error, "the database is away, waiting for it");
    } else if is_refusal(&error) && until == Until::Signalled {
        let (db, id) = (worker.db.clone(), worker.id);
        let show = async |words: &str| refusal(&db, id, Some(words)).await;
        if until_understood(&db, signals, show).await? == Waited::ToldToLeave {
            return Ok(None);
        }
        refusal(&db, id, None).await?;
    } else if is_refusal(&error) {
        return Err(error.into());
    } else {
        // The job's lease runs out and it is tried again; the others must not wait for it.
        tracing::error!(%error, "a step failed");
    }
    Ok(Some(Stepped::Idle))
}

async fn recover_patiently(worker: &Worker) -> sqlx::Result<()> {
    patiently(async || recover(&worker.db, worker.id).await).await
}

/// What is due now and then beside the jobs; what fails is due again next time.
async fn chores(db: PgPool, worker: Uuid, shelf: Shelf) {
    let mut clean_at = Instant::now();
    loop {
        let asked = rescoring::advance(&db).await.map(drop);
        for done in [beat(&db, worker).await, recover(&db, worker).await, asked] {
            if let Err(error) = done {
                tracing::warn!(%error, "a chore could not be done");
            }
        }
        if Instant::now() >= clean_at {
            clean_at = Instant::now() + CLEAN_EVERY;
            if let Err(error) = clean(&db, &shelf).await {
                tracing::warn!(%error, "old jobs could not be cleaned out");
            }
        }
        sleep(jittered(CHORES_EVERY)).await;
    }
}

/// Beside the chores: with many files it takes long.
async fn sweeps(db: PgPool, shelf: Shelf) {
    sleep(jittered(FIRST_SWEEP_AFTER)).await;
    loop {
        sweep(&db, &shelf).await;
        sleep(jittered(SWEEP_EVERY)).await;
    }
}

/// Runs of notebooks are not a scorer's.
async fn is_drained(db: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select not exists (select from jobs where state = 'queued' and priority < 9)
              and not exists (select from jobs where state = 'leased' and priority < 9) as "is_drained!""#
    )
    .fetch_one(db)
    .await
}

pub(crate) async fn listen(db: &PgPool, direct: &PgPool) -> Option<PgListener> {
    let mut listener = events::listener(db, direct).await.ok()??;
    listener.listen(JOBS_CHANNEL).await.ok()?;
    Some(listener)
}

/// Ready when a job was announced; `false` when the connection that listened is gone.
pub(crate) async fn heard(listener: &mut Option<PgListener>) -> bool {
    match listener {
        Some(listener) => matches!(listener.try_recv().await, Ok(Some(_))),
        None => pending().await,
    }
}

/// Between three quarters and five quarters, so that scorers do not all look at once.
pub(crate) fn jittered(pause: Duration) -> Duration {
    let noise = u16::from_be_bytes([Uuid::new_v4().as_bytes()[0], Uuid::new_v4().as_bytes()[1]]);
    pause.mul_f64(0.75 + 0.5 * f64::from(noise) / f64::from(u16::MAX))
}
