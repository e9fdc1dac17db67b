//! Stored files: written whole and flushed to the disk before their key is given out, read by range.
//!
//! Never here: who may read a file. Keys are made by the platform; nothing a person typed is in one.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use uuid::Uuid;

/// Root folder of all files.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
}

/// A file that stands on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub key: String,
    pub size_bytes: u64,
    pub sha256: [u8; 32],
}

impl Files {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Begins a new file under `room/owner/`, e.g. `submissions/17/<uuid>`.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn create(&self, room: &'static str, owner: i64) -> io::Result<Writing> {
        let folder = self.root.join(room).join(owner.to_string());
        fs::create_dir_all(&folder).await?;
        let name = Uuid::now_v7().to_string();
        let temporary = folder.join(format!(".{name}.part"));
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary).await?;
        Ok(Writing {
            file,
            cleanup: Cleanup(Some(temporary)),
            target: folder.join(&name),
            folder,
            key: format!("{room}/{owner}/{name}"),
            size_bytes: 0,
            hasher: Sha256::new(),
        })
    }

    /// Opens a stored file at `offset` bytes.
    ///
    /// # Errors
    /// Those of the file system; a key that leaves the root is not found.
    pub async fn open(&self, key: &str, offset: u64) -> io::Result<File> {
        let mut file = File::open(self.path(key)?).await?;
        if offset > 0 {
            file.seek(io::SeekFrom::Start(offset)).await?;
        }
        Ok(file)
    }

    /// Opens a stored file on a thread that may wait.
    ///
    /// # Errors
    /// As [`Files::open`].
    pub fn open_blocking(&self, key: &str) -> io::Result<std::fs::File> {
        std::fs::File::open(self.path(key)?)
    }

    /// Removes a file; one that is gone already is no error.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn remove(&self, key: &str) -> io::Result<()> {
        match fs::remove_file(self.path(key)?).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, key: &str) -> io::Result<PathBuf> {
        let inside =
            Path::new(key).components().all(|component| matches!(component, std::path::Component::Normal(_)));
        if inside { Ok(self.root.join(key)) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// A file being written; dropped before [`Writing::finish`], it leaves nothing behind.
pub struct Writing {
    file: File,
    cleanup: Cleanup,
    target: PathBuf,
    folder: PathBuf,
    key: String,
    size_bytes: u64,
    hasher: Sha256,
}

impl Writing {
    /// # Errors
    /// Those of the file system.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.size_bytes += bytes.len() as u64;
        self.file.write_all(bytes).await
    }

    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Flushes file and folder to the disk: what this returns survives a power cut.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn finish(mut self) -> io::Result<Stored> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        if let Some(temporary) = self.cleanup.0.take() {
            fs::rename(&temporary, &self.target).await?;
        }
        File::open(&self.folder).await?.sync_all().await?;
        Ok(Stored { key: self.key, size_bytes: self.size_bytes, sha256: self.hasher.finalize().into() })
    }
}

struct Cleanup(Option<PathBuf>);

impl Drop for Cleanup {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            let _ = std::fs::remove_file(path);
        }
    }
}
