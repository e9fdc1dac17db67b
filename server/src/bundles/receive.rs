//! A bundle that a host sent: read in memory, and kept as what it would become, with its report.
//!
//! Never here: its solution on the disk but sealed, or more than one bundle in memory at a time.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{Stream, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::archive::{Budget, Refused};
use super::draft::{Draft, Payload};
use super::store::{self, KeptFile, NewBundle};
use super::tree::{Space, Tree};
use super::{Kind, detect, import};
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::create;
use crate::competitions::supply::{Sealing, open_secret};
use crate::error::{AppError, Result};
use crate::folder::model::SETTINGS;
use crate::web::format;
use crate::web::upload::Sink;

/// Largest bundle; larger ones are read by the command line, on their host's machine.
pub const LIMIT_BYTES: u64 = 32 << 20;
/// What it may unpack into.
const BUDGET: Budget = Budget { n_files: 10_000, n_bytes: 128 << 20 };
/// How long a host may think about the report.
const LIFE: TimeDelta = TimeDelta::days(1);
/// Bundles of one host that wait.
const MOST_WAITING: i64 = 5;
/// Where files of bundles are kept.
const ROOM: &str = "bundles";
/// A line so slow would keep everybody else's bundles waiting.
const PATIENCE: Duration = Duration::from_secs(300);

static READING: Semaphore = Semaphore::const_new(1);

/// The right to have a bundle in memory.
pub struct Turn(#[expect(dead_code, reason = "held until the bundle was read")] SemaphorePermit<'static>);

/// Asks, before a byte is read, whether this member may bring a bundle in now.
///
/// # Errors
/// [`AppError::Refused`] where this member may not host, or has too many bundles waiting;
/// [`AppError::TooMany`] while another one is read.
pub async fn enter(app: &App, host: &Member) -> Result<Turn> {
    create::may_host(app, host)?;
    let mut conn = app.db.acquire().await?;
    if store::n_waiting(&mut conn, host.id, app.clock.now()).await? >= MOST_WAITING {
        return Err(AppError::refused(format!(
            "{MOST_WAITING} bundles of yours wait already: make drafts of them, or forget them."
        )));
    }
    READING.try_acquire().map(Turn).map_err(|_| AppError::TooMany {
        message: "Another bundle is being read. Try again in a minute.".to_owned(),
        retry_after_seconds: 60,
    })
}

/// Takes the bytes of a bundle in.
///
/// # Errors
/// [`AppError::TooLarge`] beyond the limit; [`AppError::Field`] for a line that breaks, or is too slow.
pub async fn gather(chunks: impl Stream<Item = Result<bytes::Bytes>>) -> Result<Vec<u8>> {
    let whole = async {
        let mut chunks = std::pin::pin!(chunks);
        let mut archive = Vec::new();
        while let Some(chunk) = chunks.next().await {
            archive.extend_from_slice(&chunk?);
            if archive.len() as u64 > LIMIT_BYTES {
                return Err(too_large());
            }
        }
        Ok(archive)
    };
    let slow = |_| AppError::field("file", "The bundle took longer than five minutes to arrive.");
    tokio::time::timeout(PATIENCE, whole).await.map_err(slow)?
}

fn too_large() -> AppError {
    AppError::TooLarge(format!(
        "A bundle of more than {} is too large for this way. `holdout host import` reads it on your own machine.",
        format::limit(LIMIT_BYTES)
    ))
}

/// Reads a bundle and keeps what it would become; gives the number it is found by.
///
/// # Errors
/// [`AppError::Field`] for what is no bundle; those of storage.
pub async fn receive(
    app: &App,
    host: &Member,
    turn: Turn,
    archive: Vec<u8>,
    from: Option<Kind>,
) -> Result<Uuid> {
    let (app_there, host_there, runtime) = (app.clone(), host.clone(), Handle::current());
    let read = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let (kind, draft) = read(&archive, from).map_err(|refused| AppError::field("file", refused.0))?;
        drop(archive);
        let mut kept = Vec::new();
        let outcome = keep_files(&runtime, &app_there, &host_there, &draft, &mut kept);
        let Draft { contents, remarks, report, .. } = draft;
        Ok::<_, AppError>((kind, contents, remarks, report, kept, outcome))
    });
    let (kind, contents, remarks, report, kept, outcome) = read.await.map_err(anyhow::Error::from)??;
    let now = app.clock.now();
    let bundle = NewBundle {
        id: Uuid::now_v7(),
        kind: kind.name(),
        contents: &contents,
        open_times: &remarks.open_times.iter().map(ToString::to_string).collect::<Vec<_>>(),
        is_direction_open: remarks.is_direction_open,
        report: &report,
        files: &kept,
        read_at: now,
        expires_at: now + LIFE,
    };
    let id = bundle.id;
    let outcome = match outcome {
        Ok(()) => insert(app, host, &bundle).await,
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        forget_files(app, kept.into_iter().map(|file| file.storage_key).collect()).await?;
    }
    outcome.map(|()| id)
}

async fn insert(app: &App, host: &Member, bundle: &NewBundle<'_>) -> Result<()> {
    let mut tx = app.db.begin().await?;
    store::insert(&mut tx, host.id, bundle).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes files of bundles that are no more.
pub(super) async fn forget_files(app: &App, keys: Vec<String>) -> Result<()> {
    for key in keys {
        app.files.remove(&key).await?;
    }
    Ok(())
}

/// Forgets a host's bundle.
///
/// # Errors
/// [`AppError::NotFound`] where there is none of this number.
pub async fn forget(app: &App, host: &Member, id: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let keys = store::remove(&mut tx, host.id, id).await?.ok_or(AppError::NotFound)?;
    tx.commit().await?;
    forget_files(app, keys).await
}

/// Forgets bundles that waited for too long.
///
/// # Errors
/// Those of the database and of storage.
pub async fn sweep(app: &App) -> Result<()> {
    loop {
        let mut tx = app.db.begin().await?;
        let keys = store::remove_expired(&mut tx, app.clock.now()).await?;
        tx.commit().await?;
        let Some(keys) = keys else { return Ok(()) };
        forget_files(app, keys).await?;
    }
}

fn read(archive: &[u8], from: Option<Kind>) -> std::result::Result<(Kind, Draft), Refused> {
    let tree = Tree::of_bytes(archive, Space::in_memory(BUDGET))?;
    let kind = from.or_else(|| detect(&tree)).ok_or_else(|| unknown(&tree))?;
    Ok((kind, import(&tree, kind, None)?))
}

fn unknown(tree: &Tree) -> Refused {
    let known =
        "no competition.yaml, challenge_config.yaml, conf.json, solution or sample submission is at its root";
    Refused(if tree.has(SETTINGS) {
        "This is a folder of Holdout's own: unpack it, then `holdout host push`.".to_owned()
    } else if tree.has(crate::archives::model::MANIFEST) {
        "This is an archive of another installation: `holdout host import` takes it in.".to_owned()
    } else {
        format!("This is no bundle that is known here: {known}.")
    })
}

/// Stores one file after the other, the solution last and sealed.
fn keep_files(
    runtime: &Handle,
    app: &App,
    host: &Member,
    draft: &Draft,
    kept: &mut Vec<KeptFile>,
) -> Result<()> {
    let bytes_of = |payload: &Payload| {
        let mut bytes = Vec::new();
        payload.write(&mut bytes).map_err(|refused| AppError::field("file", refused.0))?;
        Ok::<_, AppError>(bytes)
    };
    for payload in &draft.files {
        let bytes = bytes_of(payload)?;
        let stored = runtime.block_on(async {
            let mut writing = app.files.create(ROOM, host.id.0).await?;
            writing.write(&bytes).await?;
            writing.finish().await
        })?;
        kept.push(KeptFile::new(stored, None)?);
    }
    if let Some(payload) = &draft.solution {
        let bytes = bytes_of(payload)?;
        let (stored, recipient) = runtime.block_on(async {
            let (mut sink, recipient) = open_secret(app, ROOM, host.id.0, Sealing::Here).await?;
            sink.write(&bytes).await?;
            Ok::<_, AppError>((sink.finish().await?, recipient))
        })?;
        kept.push(KeptFile::new(stored, Some(recipient))?);
    }
    Ok(())
}
