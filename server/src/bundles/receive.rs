//! A bundle that a host sent: read, and kept as what it would become, with its report.
//!
//! Never here: its solution on the disk but sealed or veiled, a large one in memory, or two that are read at a time.

use std::io::{self, BufReader, BufWriter, Cursor, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{Stream, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::archive::{Budget, Refused};
use super::draft::{Draft, Payload};
use super::store::{self, Bundle, KeptFile, NewBundle};
use super::tree::{Space, Tree};
use super::{Kind, detect, import};
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::create;
use crate::competitions::supply::{Sealing, open_secret};
use crate::error::{AppError, CONFLICT, Result};
use crate::folder::model::SETTINGS;
use crate::uploads;
use crate::uploads::model::UploadId;
use crate::uploads::spend::Veiled;
use crate::veil::Slice;
use crate::web::format;
use crate::web::upload::Sink;

/// Largest bundle that comes in one request, and is read in memory.
pub const LIMIT_BYTES: u64 = 32 << 20;
/// What it may unpack into.
const BUDGET: Budget = Budget { n_files: 10_000, n_bytes: 128 << 20 };
/// Largest bundle that comes in parts.
pub const LARGE_LIMIT_BYTES: u64 = 4 << 30;
/// What it may unpack into, whatever its size; a small one that unpacks into all of that is a bomb.
const LARGE_BUDGET: Budget = Budget { n_files: 100_000, n_bytes: 16 << 30 };
const MOST_UNPACKED_OF_A_BYTE: u64 = 16;
/// Largest file of it that is read whole, as a table that becomes a solution.
const MOST_AT_ONCE: u64 = 128 << 20;
/// How much is read and stored at a time.
const READ_BYTES: usize = 256 << 10;
const WRITE_BYTES: usize = 1 << 20;
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

/// A bundle that is about to be read.
pub enum Sent {
    Whole(Vec<u8>),
    /// In parts; it is gone once it was read.
    Veiled(Veiled),
}

/// Whether this member may bring a bundle in.
///
/// # Errors
/// [`AppError::Refused`] where this member may not host, or has too many bundles waiting.
pub async fn may_send(app: &App, host: &Member) -> Result<()> {
    create::may_host(app, host).await?;
    let mut conn = app.db.acquire().await?;
    if store::n_waiting(&mut conn, host.id, app.clock.now()).await? >= MOST_WAITING {
        return Err(AppError::refused(format!(
            "{MOST_WAITING} of your bundles are already waiting: create drafts from them, or delete them."
        )));
    }
    Ok(())
}

/// Asks, before a byte is read, whether this member may bring a bundle in now.
///
/// # Errors
/// As [`may_send`]; [`AppError::TooMany`] while another one is read.
pub async fn enter(app: &App, host: &Member) -> Result<Turn> {
    may_send(app, host).await?;
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
        "A bundle of more than {} comes in parts, as this page sends it where scripts may run and tus clients do with the \
         purpose `bundle`. `holdout host import` reads it on your own machine.",
        format::limit(LIMIT_BYTES)
    ))
}

/// Reads a bundle and keeps what it would become; gives the number it is found by.
///
/// # Errors
/// [`AppError::Field`] for what is no bundle; those of storage.
pub async fn receive(app: &App, host: &Member, turn: Turn, sent: Sent, from: Option<Kind>) -> Result<Uuid> {
    let (app_there, host_there, runtime) = (app.clone(), host.clone(), Handle::current());
    let upload = match &sent {
        Sent::Whole(_) => None,
        Sent::Veiled(veiled) => Some(veiled.id),
    };
    let read = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let scratch = app_there.config.writable_folder().join("uploads");
        let read = read(sent, &scratch, from);
        let (kind, draft) = read.map_err(|refused| AppError::field("file", refused.0))?;
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
        Ok(()) => insert(app, host, &bundle, upload).await,
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        forget_files(app, kept.into_iter().map(|file| file.storage_key).collect()).await?;
    }
    outcome.map(|()| id)
}

/// Its upload ends with it, so that it is read once.
async fn insert(app: &App, host: &Member, bundle: &NewBundle<'_>, upload: Option<UploadId>) -> Result<()> {
    let mut tx = app.db.begin().await?;
    store::insert(&mut tx, host.id, bundle).await?;
    let removed = match upload {
        Some(id) => Some(uploads::store::remove(&mut tx, id).await?.ok_or_else(|| {
            AppError::of(CONFLICT, "This upload was used before. Upload the bundle again.")
        })?),
        None => None,
    };
    tx.commit().await?;
    match removed {
        Some(removed) => uploads::remove::forget(app, removed).await,
        None => Ok(()),
    }
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

/// A bundle that a host sent and that is still kept, with its files.
///
/// # Errors
/// [`AppError::NotFound`] for one that is another's or no longer kept; those of the database.
pub async fn find(app: &App, host: &Member, id: Uuid) -> Result<(Bundle, Vec<KeptFile>)> {
    let mut conn = app.db.acquire().await?;
    let bundle = store::find(&mut conn, host.id, id, app.clock.now()).await?.ok_or(AppError::NotFound)?;
    let files = store::files(&mut conn, id).await?;
    Ok((bundle, files))
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

fn read(sent: Sent, scratch: &Path, from: Option<Kind>) -> std::result::Result<(Kind, Draft), Refused> {
    let tree = match sent {
        Sent::Whole(archive) => Tree::of_archive(Cursor::new(archive), Space::in_memory(BUDGET))?,
        Sent::Veiled(Veiled { file, veil, size_bytes, .. }) => {
            let slice = Slice::new(Rc::new(file), veil, 0, size_bytes);
            let archive = BufReader::with_capacity(READ_BYTES, slice);
            Tree::of_archive(archive, Space::veiled(scratch, budget(size_bytes), MOST_AT_ONCE)?)?
        }
    };
    let kind = from.or_else(|| detect(&tree)).ok_or_else(|| unknown(&tree))?;
    Ok((kind, import(&tree, kind, None)?))
}

/// What a bundle of this size may unpack into.
fn budget(size_bytes: u64) -> Budget {
    let most = size_bytes.saturating_mul(MOST_UNPACKED_OF_A_BYTE);
    Budget { n_bytes: most.clamp(BUDGET.n_bytes, LARGE_BUDGET.n_bytes), ..LARGE_BUDGET }
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
    for payload in &draft.files {
        let mut writing = runtime.block_on(app.files.create(ROOM, host.id.0))?;
        pour(payload, |bytes| Ok(runtime.block_on(writing.write(bytes))?))?;
        kept.push(KeptFile::new(runtime.block_on(writing.finish())?, None)?);
    }
    if let Some(payload) = &draft.solution {
        let (mut sink, recipient) = runtime.block_on(open_secret(app, ROOM, host.id.0, Sealing::Here))?;
        pour(payload, |bytes| Ok(runtime.block_on(sink.write(bytes))?))?;
        kept.push(KeptFile::new(runtime.block_on(sink.finish())?, Some(recipient))?);
    }
    Ok(())
}

/// Hands a file on, piece by piece; what the storage says is not blamed on the bundle.
fn pour(payload: &Payload, store: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut pouring = BufWriter::with_capacity(WRITE_BYTES, Pouring { store, failure: None });
    let poured = payload.write(&mut pouring).and_then(|()| Ok(pouring.flush()?));
    match (pouring.get_mut().failure.take(), poured) {
        (Some(failure), _) => Err(failure),
        (None, Err(refused)) => Err(AppError::field("file", refused.0)),
        (None, Ok(())) => Ok(()),
    }
}

struct Pouring<F> {
    store: F,
    failure: Option<AppError>,
}

impl<F: FnMut(&[u8]) -> Result<()>> Write for Pouring<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.store)(bytes).map_err(|error| {
            self.failure = Some(error);
            io::Error::other("it could not be stored")
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
