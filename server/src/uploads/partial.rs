//! The partial file of an upload: locked while somebody writes, flushed before an offset is told.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use holdout_contract::behind::Writing;
use tokio::fs;
use tokio::io::AsyncReadExt;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::app::App;
use crate::error::{AppError, LOCKED, Result};
use crate::ids::UserId;
use crate::uploads::model::{Upload, UploadId};

const COPY_BYTES: usize = 1 << 20;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A partial file that nobody else writes to: the lock lives as long as the file is open.
pub struct Partial {
    writing: Writing,
}

impl Partial {
    /// Opens an upload's file at the offset that is on record; `None` while somebody else holds it.
    ///
    /// What a killed server left behind the offset is cut off.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when bytes that were received are gone; those of the file system.
    pub async fn open(path: &Path, offset: u64) -> Result<Option<Self>> {
        let Some(file) = lock(path.to_owned()).await? else { return Ok(None) };
        if file.metadata()?.len() < offset {
            return Err(AppError::NotFound);
        }
        let mut partial = Self { writing: Writing::new(file) };
        partial.cut(offset).await?;
        Ok(Some(partial))
    }

    /// Writes a part while the next is gathered.
    ///
    /// # Errors
    /// Those of the file system, of an earlier part.
    pub async fn write(&mut self, part: Bytes) -> io::Result<()> {
        self.writing.write(part).await
    }

    /// Returns when everything written would survive a power cut.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.writing.flush().await
    }

    /// Forgets what was written behind `offset`.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn cut(&mut self, offset: u64) -> io::Result<()> {
        let file = self.writing.written().await?;
        let cut = spawn_blocking(move || {
            file.set_len(offset)?;
            (&*file).seek(io::SeekFrom::Start(offset))
        });
        cut.await?.map(drop)
    }
}

async fn lock(path: PathBuf) -> io::Result<Option<File>> {
    let locked = tokio::task::spawn_blocking(move || {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let is_new = !path.exists();
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        if is_new {
            File::open(folder)?.sync_all()?;
        }
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    });
    locked.await.map_err(io::Error::other)?
}

/// Where an upload's bytes lie while they arrive.
pub fn path_of(app: &App, upload: &Upload) -> PathBuf {
    path(app, upload.user_id, upload.id)
}

/// On this machine's disk, wherever whole files are kept.
pub fn path(app: &App, owner: UserId, id: UploadId) -> PathBuf {
    app.config.writable_folder().join("uploads").join(owner.to_string()).join(format!(".{id}.part"))
}

/// Gives a whole, flushed partial file to storage under `key`. One that was given before stays.
///
/// # Errors
/// Those of the file system and of storage.
pub async fn hand_over(app: &App, partial: &Path, key: &str) -> io::Result<()> {
    let Some(folder) = app.config.files.folder() else { return copy(app, partial, key).await };
    let target = folder.join(key);
    let room = target.parent().unwrap_or(folder).to_owned();
    fs::create_dir_all(&room).await?;
    match fs::rename(partial, &target).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::try_exists(&target).await? => Ok(()),
        Err(error) => Err(error),
        Ok(()) => fs::File::open(&room).await?.sync_all().await,
    }
}

async fn copy(app: &App, partial: &Path, key: &str) -> io::Result<()> {
    let mut file = match fs::File::open(partial).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return app.files.read(key, 0..1).await.map(drop);
        }
        opened => opened?,
    };
    let mut writing = app.files.create_as(key.to_owned())?;
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let n_read = file.read(&mut buffer).await?;
        if n_read == 0 {
            break;
        }
        writing.write(&buffer[..n_read]).await?;
    }
    writing.finish().await?;
    fs::remove_file(partial).await
}

/// Returns once nobody writes to an upload: whoever does is asked to keep what arrived and stop.
///
/// # Errors
/// A problem of the kind `locked` after `patience`.
pub async fn quiet(app: &App, id: UploadId, path: &Path, patience: Duration) -> Result<()> {
    let end = Instant::now() + patience;
    while is_busy(path).await? {
        if Instant::now() >= end {
            return Err(busy());
        }
        app.uploads.ask_to_stop(id);
        sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

async fn is_busy(path: &Path) -> io::Result<bool> {
    let path = path.to_owned();
    let tried = tokio::task::spawn_blocking(move || match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        },
    });
    tried.await.map_err(io::Error::other)?
}

/// What a second writer is told, and a first one that had to stop.
pub fn busy() -> AppError {
    AppError::of(LOCKED, "Another request writes to this upload. Ask for its offset, then go on from there.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_writes_at_a_time_and_finds_what_is_on_record() {
        let folder = std::env::temp_dir().join(format!("holdout-partial-{}", uuid::Uuid::now_v7()));
        let path = folder.join(".x.part");
        let mut first = Partial::open(&path, 0).await.expect("opened").expect("free");
        first.write(Bytes::from_static(b"hello, world")).await.expect("written");
        first.flush().await.expect("flushed");
        assert!(Partial::open(&path, 12).await.expect("looked at").is_none());
        assert!(is_busy(&path).await.expect("looked at"));
        drop(first);
        assert!(!is_busy(&path).await.expect("looked at"));
        let mut second = Partial::open(&path, 5).await.expect("opened").expect("free");
        second.write(Bytes::from_static(b"!?")).await.expect("written");
        second.cut(6).await.expect("cut");
        drop(second);
        assert_eq!(std::fs::read(&path).expect("a file"), b"hello!");
        assert!(matches!(Partial::open(&path, 7).await, Err(AppError::NotFound)));
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
