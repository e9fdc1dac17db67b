//! `holdout-scorer run-notebooks`: takes runs from the queue until told to stop. It says to the database
//! what it can do, or why it cannot.

use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use futures_util::future::try_join_all;
use holdout_contract::files::Files;
use holdout_contract::handshake::CONTRACT;
use holdout_contract::log::{self, Output};
use holdout_contract::place;
use sqlx::PgPool;
use tokio::time::sleep;
use uuid::Uuid;

use super::cli::BoundArgs;
use super::sandbox::{Bounds, Sandbox};
use super::step::{Runner, step};
use crate::sandboxes::python::PythonArgs;
use crate::worker::announce::host_name;
use crate::worker::cli::{LEASE, runtime};
use crate::worker::database::{Database, Pools};
use crate::worker::handshake::{Waited, until_understood};
use crate::worker::leaving::Signals;
use crate::worker::patience::{is_away, patiently};
use crate::worker::pulse::{Pulse, PulseArgs};
use crate::worker::run::{heard, jittered, listen};
use crate::worker::step::Stepped;

const ROLE: &str = "holdout_runner";
const POLL: Duration = Duration::from_secs(2);
const BEAT_EVERY: Duration = Duration::from_secs(4);
/// A runner that cannot run anything looks again now and then: somebody may have mended it.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(300);

#[derive(Debug, Args)]
pub struct RunNotebooksArgs {
    #[command(flatten)]
    database: Database,
    /// Where the stored files lie, as the web server is told: a folder, or `s3://bucket/prefix`.
    #[arg(long, env = "HOLDOUT_FILES", value_parser = place::Place::from_env)]
    files: place::Place,
    /// Folder for the data and the outcome of a run; the system's for temporary files, unless named.
    #[arg(long, env = "HOLDOUT_SPOOL")]
    spool: Option<PathBuf>,
    /// Notebooks that run at the same time.
    #[arg(long, env = "HOLDOUT_NOTEBOOKS_AT_ONCE", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    at_once: u32,
    /// Leave when no run waits or is being done here.
    #[arg(long)]
    drain: bool,
    #[command(flatten)]
    bounds: BoundArgs,
    #[command(flatten)]
    pulse: PulseArgs,
    #[command(flatten)]
    python: PythonArgs,
}

/// Takes and does runs.
///
/// # Errors
/// What the database refuses; with `--drain`, a machine without the sandbox.
pub fn work(args: &RunNotebooksArgs) -> anyhow::Result<()> {
    log::keep(Output::Stderr);
    runtime()?.block_on(async {
        let pulse = Pulse::begin(&args.pulse);
        let pools = args.database.connect(ROLE)?;
        let id = Uuid::now_v7();
        let mut signals = Signals::new()?;
        let worked = match ready(args, &pools, id, &mut signals).await? {
            Some(runner) => {
                pulse.tell_ready();
                work_with(&runner, args, &mut signals).await
            }
            None => Ok(()),
        };
        let _ = leave(&pools.db, id).await;
        worked
    })
}

/// Tries the sandbox until it holds, and says so; `None` once told to stop.
async fn ready(
    args: &RunNotebooksArgs,
    Pools { db, direct }: &Pools,
    id: Uuid,
    signals: &mut Signals,
) -> anyhow::Result<Option<Runner>> {
    let bounds = args.bounds.bounds();
    let spools = args.spool.clone().unwrap_or_else(std::env::temp_dir);
    loop {
        let (tell, told) = tokio::sync::oneshot::channel();
        let (python, spools_there) = (args.python.python.clone(), spools.clone());
        // The kernel ties the cage to this thread.
        std::thread::spawn(move || {
            let tried = Sandbox::of_this_program(python.as_deref(), bounds, &spools_there);
            let _ = tell.send(tried);
        });
        let tried = tokio::select! {
            tried = told => tried.context("the sandbox could not be tried")?,
            () = signals.arrival() => return Ok(None),
        };
        let state = tried.as_ref().map(Sandbox::versions).map_err(ToString::to_string);
        let state = state.as_ref().map(|versions| *versions).map_err(String::as_str);
        let show = async |words: &str| announce(db, id, args.at_once, bounds, Err(words)).await;
        if until_understood(db, signals, show).await? == Waited::ToldToLeave {
            return Ok(None);
        }
        patiently(async || announce(db, id, args.at_once, bounds, state).await).await?;
        match tried {
            Ok(sandbox) => {
                tracing::info!(runner = %id, versions = sandbox.versions(), "ready to run notebooks");
                return Ok(Some(Runner {
                    id,
                    db: db.clone(),
                    direct: direct.clone(),
                    files: Files::open(&args.files).context("the place of files")?,
                    sandbox,
                    spools,
                    lease: LEASE,
                    is_leaving: Arc::new(AtomicBool::new(false)),
                }));
            }
            Err(reason) if args.drain => return Err(reason.into()),
            Err(reason) => tracing::warn!(%reason, "notebooks cannot be run here"),
        }
        tokio::select! {
            () = beats(db, id) => {}
            () = sleep(TRY_AGAIN_AFTER) => {}
            () = signals.arrival() => return Ok(None),
        }
    }
}

async fn work_with(runner: &Runner, args: &RunNotebooksArgs, signals: &mut Signals) -> anyhow::Result<()> {
    let loops = try_join_all((0..args.at_once).map(|_| take_and_do(runner, args.drain)));
    // Runs in hand are given back to the queue, and their processes ended.
    let leaving = async {
        signals.arrival().await;
        runner.is_leaving.store(true, Ordering::Relaxed);
        pending().await
    };
    tokio::select! {
        worked = loops => worked.map(drop),
        () = leaving => Ok(()),
        () = beats(&runner.db, runner.id) => Ok(()),
    }
}

async fn take_and_do(runner: &Runner, is_draining: bool) -> anyhow::Result<()> {
    let mut listener = None;
    while !runner.is_leaving.load(Ordering::Relaxed) {
        // Registered before looking: a run that comes between the two wakes this loop.
        if listener.is_none() {
            listener = listen(&runner.db, &runner.direct).await;
        }
        let stepped = match step(runner).await {
            Ok(stepped) => stepped,
            Err(error) if is_away(&error) => {
                tracing::warn!(%error, "the database is away, waiting for it");
                Stepped::Idle
            }
            Err(error) => {
                // The run's lease ends and it is tried again; the others must not wait for it.
                tracing::error!(%error, "a step failed");
                Stepped::Idle
            }
        };
        match stepped {
            Stepped::Idle if is_draining && is_drained(&runner.db).await? => return Ok(()),
            Stepped::Idle => {}
            _ => continue,
        }
        let pause = if is_draining { POLL / 10 } else { jittered(POLL) };
        tokio::select! {
            is_listening = heard(&mut listener) => if !is_listening { listener = None },
            () = sleep(pause) => {}
        }
    }
    Ok(())
}

async fn is_drained(db: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select not exists (select from jobs where state = 'queued' and priority = 9)
              and not exists (select from jobs where state = 'leased' and priority = 9) as "is_drained!""#
    )
    .fetch_one(db)
    .await
}

/// Says what this runner can do, or why it cannot.
async fn announce(
    db: &PgPool,
    id: Uuid,
    at_once: u32,
    bounds: Bounds,
    state: Result<&str, &str>,
) -> sqlx::Result<()> {
    let number = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    sqlx::query!(
        "insert into notebook_runners
            (id, host, started_at, last_seen_at, at_once, memory_mb, disk_mb, seconds, environment, refusal, contract)
         values ($1, $2, now(), now(), $3, $4, $5, $6, $7, $8, $9)
         on conflict (id) do update
         set last_seen_at = excluded.last_seen_at, environment = excluded.environment, refusal = excluded.refusal",
        id,
        host_name(),
        number(at_once.into()),
        number(bounds.memory_mb),
        number(bounds.disk_mb),
        number(bounds.time.as_secs()),
        state.ok(),
        state.err(),
        CONTRACT,
    )
    .execute(db)
    .await?;
    // Those that left without a word.
    sqlx::query!("delete from notebook_runners where last_seen_at < now() - interval '1 day'")
        .execute(db)
        .await?;
    Ok(())
}

/// Says that the runner is alive, for ever.
async fn beats(db: &PgPool, id: Uuid) {
    loop {
        let beat = sqlx::query!("update notebook_runners set last_seen_at = now() where id = $1", id);
        if let Err(error) = beat.execute(db).await {
            tracing::warn!(%error, "a sign of life could not be given");
        }
        sleep(jittered(BEAT_EVERY)).await;
    }
}

async fn leave(db: &PgPool, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from notebook_runners where id = $1", id).execute(db).await?;
    Ok(())
}
