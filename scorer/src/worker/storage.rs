//! The files that the web server stores, as a scorer sees them: read whole and verified, written
//! whole and flushed to the disk. Keys look like `submissions/17/<uuid>`.
//!
//! Never here: a path outside the root, or an opened solution.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

pub use holdout_contract::files::Stored;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::intake::content::{self, Bytes};

/// Root folder of all files.
#[derive(Debug, Clone)]
pub struct Storage {
    root: PathBuf,
}

/// Why a stored file could not be had: always the platform's fault.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("a stored file has a key that leads outside the folder of files")]
    Outside,
    #[error("a stored file is not what was received: its SHA-256 differs")]
    Altered,
    #[error("the folder of a stored file is not there")]
    Away,
    #[error("a stored file cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// Its text names addresses that are nobody's business but the operator's.
    #[error("the object storage did not give or take a file")]
    Remote(#[source] io::Error),
}

impl StorageError {
    /// What the object storage said, for the operator's log alone.
    pub fn remote(error: io::Error) -> Self {
        tracing::warn!(%error, "the object storage refused");
        Self::Remote(error)
    }

    /// As [`is_passing`].
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Away => true,
            Self::Io(error) | Self::Remote(error) => is_passing(error),
            Self::Outside | Self::Altered => false,
        }
    }
}

/// Whether the file system may do later what it refused now: everything but a file that is gone,
/// and what another try cannot change.
pub fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, NotFound, OutOfMemory};
    !matches!(error.kind(), NotFound | InvalidData | InvalidInput | OutOfMemory)
}

impl Storage {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads a file and compares it with what was received.
    ///
    /// # Errors
    /// [`StorageError`]
    pub fn read(&self, key: &str, sha256: &[u8; 32]) -> Result<Vec<u8>, StorageError> {
        let bytes = self.read_unverified(key)?;
        if Sha256::digest(&bytes).as_slice() == sha256 { Ok(bytes) } else { Err(StorageError::Altered) }
    }

    /// Reads a file of which no hash is on record.
    ///
    /// # Errors
    /// [`StorageError`]
    pub fn read_unverified(&self, key: &str) -> Result<Vec<u8>, StorageError> {
        let path = self.path(key)?;
        fs::read(&path).map_err(|error| Self::fault(&path, error))
    }

    /// A large file's bytes, read where they are looked at; compared with what was received where that is on record.
    ///
    /// # Errors
    /// [`StorageError`]
    pub fn map(&self, key: &str, sha256: Option<&[u8; 32]>) -> Result<Bytes, StorageError> {
        const BLOCK_BYTES: usize = 1 << 20;
        let path = self.path(key)?;
        let bytes = content::map(&path).map_err(|error| Self::fault(&path, error))?;
        let Some(sha256) = sha256 else { return Ok(bytes) };
        let mut hash = Sha256::new();
        for block in bytes.as_ref().chunks(BLOCK_BYTES) {
            hash.update(block);
            bytes.forget(block);
        }
        if hash.finalize().as_slice() == sha256 { Ok(bytes) } else { Err(StorageError::Altered) }
    }

    /// A file alone can be lost; with its folder, the whole storage is not mounted.
    fn fault(path: &Path, error: io::Error) -> StorageError {
        let is_away = error.kind() == io::ErrorKind::NotFound && !path.parent().is_some_and(Path::is_dir);
        if is_away { StorageError::Away } else { error.into() }
    }

    /// Begins a new file under `room/owner/`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create(&self, room: &str, owner: i64) -> Result<Writing, StorageError> {
        let name = Uuid::now_v7();
        let key = format!("{room}/{owner}/{name}");
        let target = self.path(&key)?;
        let folder = self.root.join(room).join(owner.to_string());
        fs::create_dir_all(&folder)?;
        let temporary = folder.join(format!(".{name}.part"));
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        Ok(Writing {
            file,
            cleanup: Cleanup(Some(temporary)),
            target,
            folder,
            key,
            size_bytes: 0,
            hasher: Sha256::new(),
        })
    }

    /// Removes a file; one that is gone already is no error.
    ///
    /// # Errors
    /// [`StorageError`]
    pub fn remove(&self, key: &str) -> Result<(), StorageError> {
        match fs::remove_file(self.path(key)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Removes files that were begun longer than `age` ago and never finished, because whoever wrote
    /// them was killed. Gives their number.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn remove_unfinished(&self, age: Duration) -> io::Result<usize> {
        let mut n_removed = 0;
        for room in folders_in(&self.root)? {
            for owner in folders_in(&room)? {
                for file in fs::read_dir(owner)? {
                    let file = file?;
                    if is_unfinished(&file.file_name()) && is_older(&file, age) {
                        fs::remove_file(file.path())?;
                        n_removed += 1;
                    }
                }
            }
        }
        Ok(n_removed)
    }

    /// Where a file lies.
    ///
    /// # Errors
    /// For a key that leads outside.
    pub fn path(&self, key: &str) -> Result<PathBuf, StorageError> {
        let path = Path::new(key);
        let is_inside = path.components().count() > 1
            && path.components().all(|component| matches!(component, Component::Normal(_)));
        if is_inside { Ok(self.root.join(path)) } else { Err(StorageError::Outside) }
    }
}

fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.iter().map(fs::DirEntry::path).filter(|path| path.is_dir()).collect())
}

/// The names under which files are written: a child's, and with a number behind it the web server's.
fn is_unfinished(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let is_numbered =
        name.split_once('#').is_some_and(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
    is_numbered || (name.starts_with('.') && name.ends_with(".part"))
}

/// A clock that was set back makes nothing older.
fn is_older(file: &fs::DirEntry, age: Duration) -> bool {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|elapsed| elapsed > age))
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
    /// Flushes file and folder to the disk: what this returns survives a power cut.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(mut self) -> io::Result<Stored> {
        self.file.sync_all()?;
        if let Some(temporary) = self.cleanup.0.take() {
            fs::rename(&temporary, &self.target)?;
        }
        File::open(&self.folder)?.sync_all()?;
        Ok(Stored { key: self.key, size_bytes: self.size_bytes, sha256: self.hasher.finalize().into() })
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

struct Cleanup(Option<PathBuf>);

impl Drop for Cleanup {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage() -> Storage {
        Storage::new(std::env::temp_dir().join(format!("holdout-files-{}", Uuid::now_v7())))
    }

    #[test]
    fn a_file_is_read_back_and_an_altered_one_is_noticed() {
        let storage = storage();
        let mut writing = storage.create("data", 3).expect("begun");
        writing.write_all(b"id,x\n1,2\n").expect("written");
        let stored = writing.finish().expect("finished");
        assert_eq!(stored.size_bytes, 9);
        assert_eq!(storage.read(&stored.key, &stored.sha256).expect("reads"), b"id,x\n1,2\n");
        fs::write(storage.root().join(&stored.key), b"id,x\n1,3\n").expect("altered");
        assert!(matches!(storage.read(&stored.key, &stored.sha256), Err(StorageError::Altered)));
        fs::remove_dir_all(storage.root()).expect("removed");
    }

    #[test]
    fn an_unfinished_file_leaves_nothing() {
        let storage = storage();
        let mut writing = storage.create("data", 3).expect("begun");
        writing.write_all(b"half").expect("written");
        drop(writing);
        assert_eq!(fs::read_dir(storage.root().join("data/3")).expect("folder").count(), 0);
        fs::remove_dir_all(storage.root()).expect("removed");
    }

    #[test]
    fn what_a_killed_program_left_unfinished_is_removed_once_it_is_old() {
        const DAY: Duration = Duration::from_secs(86_400);
        let storage = storage();
        let finished = storage.create("submissions", 3).expect("begun").finish().expect("finished");
        let mut writing = storage.create("submissions", 3).expect("begun");
        writing.write_all(b"half").expect("written");
        let long_ago = writing.file.metadata().and_then(|file| file.modified()).expect("a time") - 2 * DAY;
        std::mem::forget(writing.cleanup);
        assert_eq!(storage.remove_unfinished(DAY).expect("swept"), 0, "somebody may still be writing it");
        writing.file.set_modified(long_ago).expect("aged");
        assert_eq!(storage.remove_unfinished(DAY).expect("swept"), 1);
        let left = fs::read_dir(storage.root().join("submissions/3")).expect("folder").count();
        assert_eq!((left, storage.read_unverified(&finished.key).is_ok()), (1, true));
        fs::remove_dir_all(storage.root()).expect("removed");
    }

    #[test]
    fn a_file_that_is_being_written_is_known_by_its_name() {
        let uuid = Uuid::now_v7();
        for unfinished in [format!(".{uuid}.part"), format!("{uuid}#1")] {
            assert!(is_unfinished(OsStr::new(&unfinished)), "{unfinished}");
        }
        assert!(!is_unfinished(OsStr::new(&uuid.to_string())));
    }

    #[test]
    fn keys_cannot_leave_the_root() {
        for key in ["../secret", "/etc/passwd", "a/../../b", "", ".", "lonely", "a/./../b"] {
            assert!(matches!(storage().read_unverified(key), Err(StorageError::Outside)), "{key}");
        }
    }
}
