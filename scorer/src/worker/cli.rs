//! The worker's part of the command line: `work`, `keygen`, `doctor`, and the hidden `child`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use holdout_contract::log::{self, Output};
use holdout_contract::place;
use holdout_evaluator::Choice;
use sqlx::PgPool;
use uuid::Uuid;

use super::batch::Pace;
use super::database::{Database, Pools};
use super::depot::Depot;
use super::leaving::{Leaving, Signals};
use super::patience::patiently;
use super::pulse::{Pulse, PulseArgs};
use super::room::Room;
use super::run::{Until, run};
use super::sealings::Admitted;
use super::step::Worker;
use super::storage::Storage;
use super::warm::{Bounds, Warm};
use super::{announce, child, doctor, handshake};
use crate::custom::sandbox::{self, Sandbox};
use crate::evaluate::{self, GpuArgs};
use crate::example;
use crate::metrics;
use crate::sandboxes::python::{PythonArgs, Unavailable};
use crate::unseal::Key;

/// A lost scorer's job is another's after this long.
pub const LEASE: Duration = Duration::from_secs(15);

/// Of scorers, in the database.
pub const ROLE: &str = "holdout_scorer";

#[derive(Debug, Args)]
pub struct WorkArgs {
    #[command(flatten)]
    pub place: Place,
    /// Do one job, if one waits, and leave.
    #[arg(long, conflicts_with = "drain")]
    pub once: bool,
    /// Leave when no job waits or is being done.
    #[arg(long)]
    pub drain: bool,
    /// Memory that one job may use, in MB.
    #[arg(long, env = "HOLDOUT_JOB_MEMORY_MB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(32..))]
    pub memory_mb: u64,
    /// Time that one job may take, in seconds.
    #[arg(long, env = "HOLDOUT_JOB_SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub job_seconds: u64,
    /// Time that the job in hand is given to end when the scorer is told to leave, in seconds; then it is handed
    /// back, at no cost to it.
    #[arg(long, env = "HOLDOUT_DRAIN_SECONDS", default_value_t = 20)]
    pub drain_seconds: u64,
    /// Submissions of one rescoring or verification that are scored together at most; 1: one by one.
    #[arg(long, env = "HOLDOUT_RESCORE_BATCH", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub rescore_batch: u16,
    /// Folder for copies of files that lie in a bucket; the system's for temporary files, unless named.
    #[arg(long, env = "HOLDOUT_SPOOL")]
    pub spool: Option<PathBuf>,
    #[command(flatten)]
    pub room: RoomArgs,
    #[command(flatten)]
    pub pulse: PulseArgs,
    #[command(flatten)]
    pub python: PythonArgs,
    #[command(flatten)]
    pub gpu: GpuArgs,
}

#[derive(Debug, Args)]
pub struct RoomArgs {
    /// No work is taken while less is free on this machine's disk, in MB; 0 for whatever is free.
    #[arg(long, env = "HOLDOUT_DISK_RESERVE_MB", default_value_t = 512)]
    pub disk_reserve_mb: u64,
}

/// Where a scorer finds what it needs.
#[derive(Debug, Args)]
pub struct Place {
    #[command(flatten)]
    pub database: Database,
    /// Where the stored files lie, as the web server is told: a folder, or `s3://bucket/prefix`.
    #[arg(long, env = "HOLDOUT_FILES", value_parser = place::Place::from_env)]
    pub files: place::Place,
    /// This scorer's private key; made when it is missing and no scorer had one before.
    #[arg(long, env = "HOLDOUT_SCORER_KEY")]
    pub key: PathBuf,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub place: Place,
    /// Folder for copies of files that lie in a bucket; the system's for temporary files, unless named.
    #[arg(long, env = "HOLDOUT_SPOOL")]
    pub spool: Option<PathBuf>,
    #[command(flatten)]
    pub room: RoomArgs,
    #[command(flatten)]
    pub python: PythonArgs,
    #[command(flatten)]
    pub gpu: GpuArgs,
}

#[derive(Debug, Args)]
pub struct KeygenArgs {
    /// Where to write the private key. Nothing is overwritten.
    #[arg(long, env = "HOLDOUT_SCORER_KEY")]
    pub key: PathBuf,
    /// Put another key before the one that is there, which goes on opening what was sealed to it. Files are sealed to the new
    /// one once a scorer was started with it.
    #[arg(long)]
    pub renew: bool,
}

#[derive(Debug, Args)]
pub struct ChildArgs {
    #[arg(long)]
    pub files: PathBuf,
    #[arg(long)]
    pub key: PathBuf,
    #[arg(long)]
    pub memory_mb: u64,
    /// Time that a host's metric may take.
    #[arg(long)]
    pub metric_seconds: f64,
    #[command(flatten)]
    pub python: PythonArgs,
    #[command(flatten)]
    pub gpu: GpuArgs,
}

/// Takes and does jobs.
///
/// # Errors
/// A key that cannot be read or made; what the database refuses.
pub fn work(args: &WorkArgs) -> anyhow::Result<()> {
    log::keep(Output::Stderr);
    let until = match (args.once, args.drain) {
        (true, _) => Until::Once,
        (_, true) => Until::Drained,
        _ => Until::Signalled,
    };
    runtime()?.block_on(async {
        let pulse = Pulse::begin(&args.pulse);
        let Pools { db, direct } = args.place.database.connect(ROLE)?;
        let key = own_key(&db, &args.place.key).await.context("the scorer's key")?;
        let spools = args.spool.clone().unwrap_or_else(std::env::temp_dir);
        let depot = Depot::open(&args.place.files, &spools).context("the place of files")?;
        let program = std::env::current_exe().context("the path of this program")?;
        let gpu = evaluate::found_by(&program, args.gpu.gpu, args.memory_mb)?;
        let bounds = Bounds {
            program,
            files: depot.at_hand().to_owned(),
            key: args.place.key.clone(),
            python: args.python.python.clone(),
            gpu: if gpu.is_some() { Choice::On } else { Choice::Off },
            memory_mb: args.memory_mb,
            job_time: Duration::from_secs(args.job_seconds),
        };
        let mut worker = Worker {
            id: Uuid::now_v7(),
            depot,
            warm: Warm::new(bounds.clone()),
            lease: LEASE,
            leaving: Leaving::default(),
            pace: Pace::at_most(if args.once { 1 } else { args.rescore_batch.into() }),
            admitted: Admitted::default(),
            db,
            direct,
        };
        let specs: Vec<_> = metrics::all().map(example::described).collect();
        let recipient = key.recipient();
        let (db, id) = (worker.db.clone(), worker.id);
        let mut signals = Signals::new()?;
        if !is_understood(&db, id, until, &mut signals).await? {
            let _ = announce::leave(&db, id).await;
            return Ok(());
        }
        patiently(async || announce::announce(&db, id, &recipient, &specs, gpu.as_deref()).await).await?;
        pulse.tell_ready();
        let computes_with = gpu.as_deref().unwrap_or("the processor");
        tracing::info!(scorer = %id, metrics = specs.len(), computes_with, "ready");
        let trying = tokio::spawn(try_sandbox(db.clone(), id, bounds));
        let patience = Duration::from_secs(args.drain_seconds);
        let worked =
            run(&mut worker, until, &mut signals, patience, Room::new(args.room.disk_reserve_mb)).await;
        trying.abort();
        let _ = announce::leave(&db, id).await;
        worked
    })
}

/// The key at `path`. Where there is none one is made, unless scorers had another before: what was sealed to that one would
/// stay closed without a word.
async fn own_key(db: &PgPool, path: &Path) -> anyhow::Result<Key> {
    // Whoever makes a key announces it afterwards: one that is announced meanwhile is there.
    let is_lost =
        !path.exists() && patiently(async || announce::are_keys_known(db).await).await? && !path.exists();
    anyhow::ensure!(
        !is_lost,
        "{0} is not there, and solutions were sealed to it. Put your copy there. Where it is lost for good, make another: \
         holdout-scorer keygen --key {0}; hosts then seal their solutions again.",
        path.display()
    );
    Ok(Key::read_or_make(path)?)
}

/// Waits for an installation that understands this scorer; `false` once told to leave.
async fn is_understood(db: &PgPool, id: Uuid, until: Until, signals: &mut Signals) -> anyhow::Result<bool> {
    if until != Until::Signalled {
        return match handshake::refusal(db).await? {
            Some(words) => anyhow::bail!(words),
            None => Ok(true),
        };
    }
    let show = async |words: &str| announce::refusal(db, id, Some(words)).await;
    Ok(handshake::until_understood(db, signals, show).await? == handshake::Waited::Understood)
}

/// Trying the sandbox takes a second of computing, which the first jobs should have for themselves. Where the machine was too
/// busy for it, as while everything starts, it is tried again.
const TRY_SANDBOX_AFTER: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(900)];
const ANNOUNCE_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Tells the database whether metrics that hosts write can run here.
async fn try_sandbox(db: PgPool, worker: Uuid, bounds: Bounds) {
    for pause in TRY_SANDBOX_AFTER {
        tokio::time::sleep(pause).await;
        let (tell, told) = tokio::sync::oneshot::channel();
        let bounds = bounds.clone();
        // A thread of its own: nobody waits for it when the worker leaves.
        std::thread::spawn(move || {
            let tried = Sandbox::open(&bounds.program, bounds.python.as_deref(), bounds.of_metric());
            let _ = tell.send(tried);
        });
        let Ok(tried) = told.await else { return };
        announce_sandbox(&db, worker, &tried).await;
        if !matches!(tried, Err(Unavailable::Untried(_))) {
            return;
        }
    }
}

async fn announce_sandbox(db: &PgPool, worker: Uuid, tried: &Result<Sandbox, Unavailable>) {
    let state = tried.as_ref().map(Sandbox::versions).map_err(ToString::to_string);
    match &state {
        Ok(versions) => tracing::info!(versions, "metrics written by hosts can run here"),
        Err(reason) => tracing::warn!(reason, "metrics written by hosts cannot run here"),
    }
    let state = state.as_ref().map(|versions| *versions).map_err(String::as_str);
    while let Err(error) = announce::sandbox(db, worker, state).await {
        tracing::warn!(%error, "the state of the sandbox could not be announced yet");
        tokio::time::sleep(ANNOUNCE_AGAIN_AFTER).await;
    }
}

/// Makes or renews a key and prints its public half.
///
/// # Errors
/// When one exists already, or none does that could be renewed, and those of the file system.
pub fn keygen(args: &KeygenArgs) -> anyhow::Result<()> {
    let key = if args.renew { Key::renew(&args.key) } else { Key::make(&args.key) };
    println!("{}", key.with_context(|| args.key.display().to_string())?.recipient());
    Ok(())
}

/// Answers requests on the standard input; the parent starts this.
///
/// # Errors
/// Those of the key and the pipes.
pub fn child(args: &ChildArgs) -> anyhow::Result<()> {
    let time = Duration::try_from_secs_f64(args.metric_seconds)?;
    let bounds = sandbox::Bounds { memory_mb: args.memory_mb, time };
    let storage = Storage::new(args.files.clone());
    child::serve(storage, &args.key, args.python.python.clone(), bounds, args.gpu.gpu)
}

/// Looks an installation over; `Ok(false)` when something is wrong.
///
/// # Errors
/// When even looking is not possible.
pub fn doctor(args: &DoctorArgs) -> anyhow::Result<bool> {
    let place = &args.place;
    runtime()?.block_on(async {
        let Pools { db, direct } = place.database.connect(ROLE)?;
        let spools = args.spool.clone().unwrap_or_else(std::env::temp_dir);
        let at_hand = place.files.folder().unwrap_or(&spools);
        let mut findings = doctor::examine_machine(place, args.python.python.as_deref(), args.gpu.gpu).await;
        findings.push(doctor::disk_has_room(at_hand, args.room.disk_reserve_mb));
        findings.extend(doctor::examine_database(&db).await);
        findings.push(doctor::is_told_of_jobs(&db, &direct).await);
        for finding in &findings {
            println!("{finding}");
        }
        Ok(findings.iter().all(|finding| finding.is_well))
    })
}

/// One thread: it waits for the database and for the child, which does the work.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
