//! One run from claim to outcome.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use holdout_contract::files::Files;
use holdout_contract::job::Subject;
use holdout_contract::queue::{self, Leased};
use sqlx::PgPool;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::finish;
use super::folder::RunFolder;
use super::job::{self, Work};
use super::sandbox::{Ending, Ran, Sandbox, Watch};
use crate::worker::finish::Written;
use crate::worker::patience::{is_away, patiently};
use crate::worker::step::{Stepped, fault, pass_on, renew, setback};
use crate::worker::storage::is_passing;

/// How soon a runner notices that a run was cancelled, which takes its lease away.
const BEAT_AT_MOST: Duration = Duration::from_secs(2);

/// A runner: so many notebooks at once as it has loops.
#[derive(Clone)]
pub struct Runner {
    pub id: Uuid,
    pub db: PgPool,
    /// Where runs are announced.
    pub direct: PgPool,
    pub files: Files,
    pub sandbox: Sandbox,
    pub spools: PathBuf,
    /// How long a run stays this runner's without a sign of life.
    pub lease: Duration,
    /// Set once: runs in hand are given back.
    pub is_leaving: Arc<AtomicBool>,
}

/// Takes the next run and does it.
///
/// # Errors
/// Those of the database, when it answers and refuses.
pub async fn step(runner: &Runner) -> sqlx::Result<Stepped> {
    let db = &runner.db;
    let mut conn = db.acquire().await?;
    let claimed = queue::claim_run(&mut conn, runner.id, runner.lease.as_secs_f64()).await?;
    drop(conn);
    let Some(leased) = claimed else { return Ok(Stepped::Idle) };
    let Subject::Run { run_id } = leased.subject else {
        return pass_on(db, &leased).await;
    };
    let Some(work) = patiently(async || job::work(db, run_id).await).await? else {
        return end_without_notebook(db, &leased).await;
    };
    patiently(async || start(db, run_id).await).await?;
    let folder = match RunFolder::make(&runner.spools) {
        Ok(folder) => Arc::new(folder),
        Err(error) => return setback(db, &leased, &format!("no folder for the run: {error}")).await,
    };
    let notebook = match job::lay_out(&runner.files, &work, &folder).await {
        Ok(notebook) => notebook,
        Err(error) if is_passing(&error) => {
            return setback(db, &leased, "the files could not be read").await;
        }
        Err(error) => return fault(db, &leased, &format!("the files could not be read: {error}")).await,
    };
    let Some(ran) = watched(runner, &leased, &work, &folder, notebook).await? else {
        return Ok(Stepped::LeaseLost { job_id: leased.job_id });
    };
    match &ran.ending {
        _ if runner.is_leaving.load(Ordering::Relaxed) => pass_on(db, &leased).await,
        Ending::Fault(reason) => fault(db, &leased, reason).await,
        _ => conclude(runner, &leased, &work, &ran).await,
    }
}

/// Runs while the lease is renewed and the page hears where it is; `None` once the lease is lost.
async fn watched(
    runner: &Runner,
    leased: &Leased,
    work: &Work,
    folder: &Arc<RunFolder>,
    notebook: Vec<u8>,
) -> sqlx::Result<Option<Ran>> {
    let watch = Arc::new(Watch::default());
    let (tell, mut told) = tokio::sync::oneshot::channel();
    let (sandbox, inside, name) = (runner.sandbox.clone(), Arc::clone(&watch), work.input_name.clone());
    let folder = Arc::clone(folder);
    // The kernel ties the cage to this thread, which waits for its end.
    std::thread::spawn(move || {
        let _ = tell.send(sandbox.run(&folder, name.as_deref(), &notebook, &inside));
    });
    let mut beat = interval((runner.lease / 3).min(BEAT_AT_MOST));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut look = interval(Duration::from_millis(200));
    let mut is_lost = false;
    loop {
        tokio::select! {
            ran = &mut told => {
                let ran = ran.unwrap_or_else(|_| Ran::fault("the sandbox broke off"));
                return Ok(Some(ran).filter(|_| !is_lost));
            }
            _ = look.tick() => {
                if runner.is_leaving.load(Ordering::Relaxed) {
                    watch.is_unwanted.store(true, Ordering::Relaxed);
                }
            }
            _ = beat.tick(), if !is_lost => match renew(&runner.db, leased, runner.lease).await {
                Ok(true) => note_progress(runner, work, &watch).await,
                Ok(false) => {
                    is_lost = true;
                    watch.is_unwanted.store(true, Ordering::Relaxed);
                }
                Err(error) if is_away(&error) => tracing::warn!(%error, "a lease could not be renewed"),
                Err(error) => {
                    watch.is_unwanted.store(true, Ordering::Relaxed);
                    let _ = told.await;
                    return Err(error);
                }
            },
        }
    }
}

/// For the page alone: what fails is said again with the next beat.
async fn note_progress(runner: &Runner, work: &Work, watch: &Watch) {
    let at_cell = i32::try_from(watch.at_cell.load(Ordering::Relaxed)).unwrap_or(i32::MAX);
    let noted = sqlx::query!(
        "update notebook_runs set at_cell = nullif($2, 0) where id = $1 and state = 'running'",
        work.run_id,
        at_cell,
    )
    .execute(&runner.db)
    .await;
    if let Err(error) = noted {
        tracing::warn!(%error, "the progress of a run could not be noted");
    }
}

async fn start(db: &PgPool, run_id: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "update notebook_runs set state = 'running', started_at = clock_now(), at_cell = null
         where id = $1 and finished_at is null",
        run_id,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn conclude(runner: &Runner, leased: &Leased, work: &Work, ran: &Ran) -> sqlx::Result<Stepped> {
    let (db, files, job_id) = (&runner.db, &runner.files, leased.job_id);
    let kept = match finish::keep(files, work.notebook_id, ran).await {
        Ok(kept) => kept,
        Err(error) if is_passing(&error) => {
            return setback(db, leased, "the outcome could not be stored").await;
        }
        Err(error) => return fault(db, leased, &format!("the outcome could not be stored: {error}")).await,
    };
    let environment = runner.sandbox.versions();
    let written =
        patiently(async || finish::ran(db, files, leased, work, environment, ran, &kept).await).await?;
    match written {
        Written::Yes => Ok(Stepped::Done { job_id }),
        Written::LeaseLost => Ok(Stepped::LeaseLost { job_id }),
        Written::Stale | Written::Overtaken => end_without_notebook(db, leased).await,
    }
}

/// Nobody can ask what came of it any more.
async fn end_without_notebook(db: &PgPool, leased: &Leased) -> sqlx::Result<Stepped> {
    let job_id = leased.job_id;
    let Subject::Run { run_id } = leased.subject else { return Ok(Stepped::LeaseLost { job_id }) };
    let mut tx = db.begin().await?;
    if !queue::finish(&mut tx, leased).await? {
        return Ok(Stepped::LeaseLost { job_id });
    }
    sqlx::query!(
        "update notebook_runs set state = 'failed', finished_at = clock_now(), report = 'The notebook was deleted.'
         where id = $1 and finished_at is null",
        run_id,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Stepped::Done { job_id })
}
