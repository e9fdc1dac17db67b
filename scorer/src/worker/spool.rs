//! Copies of files that lie in a bucket, in a private folder while a worker needs them. Solutions are
//! sealed here as they are there; they and the data beside them stay for the next job, as far as there
//! is room, and what one job alone needs goes with it.
//!
//! A worker that is killed leaves its folder behind; the next one that starts removes it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use holdout_contract::files::{Files, Stored};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::message::FileRef;
use super::storage::{Storage, StorageError};

const NAME: &str = "holdout-spool-";
/// Held while the folder is in use.
const LOCK: &str = "lock";
/// Rooms whose files the next job may need again.
const KEPT_ROOMS: [&str; 3] = ["solutions", "data", "influences"];
/// Copies that are kept have this many bytes together, unless one job needs more.
const KEPT_BYTES: u64 = 2 << 30;
/// A copy that differs from what was received is fetched again: it may have suffered on the way.
const TRIES: usize = 3;
const READ_BYTES: usize = 256 * 1024;

pub struct Spool {
    storage: Storage,
    _lock: File,
    /// Those that were used last stand last.
    kept: Vec<Copy>,
}

struct Copy {
    key: String,
    size_bytes: u64,
}

impl Spool {
    /// Makes a folder below `spools`, and removes those of workers that were killed.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(spools: &Path) -> io::Result<Self> {
        fs::create_dir_all(spools)?;
        remove_abandoned(spools)?;
        let folder = spools.join(format!("{NAME}{}", Uuid::now_v7()));
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let lock = File::create(folder.join(LOCK))?;
        lock.lock()?;
        Ok(Self { storage: Storage::new(folder), _lock: lock, kept: Vec::new() })
    }

    pub fn folder(&self) -> &Path {
        self.storage.root()
    }

    /// Removes what the last job alone needed.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.folder())? {
            let entry = entry?;
            let is_kept = entry.file_name().to_str().is_some_and(|name| KEPT_ROOMS.contains(&name));
            if entry.file_type()?.is_dir() && !is_kept {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// Has a copy of a file, which is what was received.
    ///
    /// # Errors
    /// [`StorageError`]
    pub async fn bring(&mut self, files: &Files, file: &FileRef) -> Result<(), StorageError> {
        let path = self.storage.path(&file.key)?;
        if let Some(at) = self.kept.iter().position(|copy| copy.key == file.key) {
            let copy = self.kept.remove(at);
            self.kept.push(copy);
            return Ok(());
        }
        let mut tries = 1..=TRIES;
        while tries.next().is_some() {
            let part = Part(path.with_extension("part"));
            let (size_bytes, sha256) = fetch(files, &file.key, &part.0).await?;
            if file.sha256.is_none_or(|received| received == sha256) {
                fs::rename(&part.0, &path)?;
                self.keep(&file.key, size_bytes)?;
                return Ok(());
            }
            tracing::warn!(key = file.key, "a copy of a stored file differs from what was received");
        }
        Err(StorageError::Altered)
    }

    /// Stores what the child wrote here.
    ///
    /// # Errors
    /// [`StorageError`]
    pub async fn send(&self, files: &Files, made: &Stored) -> Result<(), StorageError> {
        let path = self.storage.path(&made.key)?;
        let mut writing = files.create_as(made.key.clone()).map_err(StorageError::remote)?;
        let mut file = tokio::fs::File::open(&path).await?;
        let mut piece = vec![0; READ_BYTES];
        loop {
            let n_read = file.read(&mut piece).await?;
            if n_read == 0 {
                break;
            }
            writing.write(&piece[..n_read]).await.map_err(StorageError::remote)?;
        }
        let stored = writing.finish().await.map_err(StorageError::remote)?;
        fs::remove_file(&path)?;
        if stored == *made { Ok(()) } else { Err(StorageError::Altered) }
    }

    /// Notes a copy, and drops those that were used longest ago while there are too many bytes.
    fn keep(&mut self, key: &str, size_bytes: u64) -> Result<(), StorageError> {
        if !KEPT_ROOMS.iter().any(|room| key.starts_with(&format!("{room}/"))) {
            return Ok(());
        }
        self.kept.push(Copy { key: key.to_owned(), size_bytes });
        while self.kept.len() > 1 && self.kept.iter().map(|copy| copy.size_bytes).sum::<u64>() > KEPT_BYTES {
            self.storage.remove(&self.kept.remove(0).key)?;
        }
        Ok(())
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.folder());
    }
}

/// A file that is removed unless it got its name.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Writes a stored file to `path`; gives its size and SHA-256.
async fn fetch(files: &Files, key: &str, path: &Path) -> Result<(u64, [u8; 32]), StorageError> {
    let mut content = files.read_whole(key).await.map_err(StorageError::remote)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = tokio::fs::File::create(path).await?;
    let mut hasher = Sha256::new();
    let mut size_bytes = 0;
    while let Some(bytes) = content.try_next().await.map_err(StorageError::remote)? {
        hasher.update(&bytes);
        size_bytes += bytes.len() as u64;
        file.write_all(&bytes).await?;
    }
    file.flush().await?;
    Ok((size_bytes, hasher.finalize().into()))
}

fn remove_abandoned(spools: &Path) -> io::Result<()> {
    for entry in fs::read_dir(spools)? {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(|name| name.starts_with(NAME)) {
            continue;
        }
        let is_abandoned = File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_abandoned {
            let _ = fs::remove_dir_all(entry.path()); // another worker may be as quick
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use holdout_contract::place::Place;

    use super::*;

    struct Scene {
        root: PathBuf,
        files: Files,
    }

    impl Scene {
        fn new() -> Self {
            let root = std::env::temp_dir().join(format!("holdout-spools-{}", Uuid::now_v7()));
            let files = Files::open(&Place::Folder(root.join("store"))).expect("a store");
            Self { root, files }
        }

        async fn stored(&self, room: &str, content: &[u8]) -> FileRef {
            let mut writing = self.files.create(room, 1).await.expect("begun");
            writing.write(content).await.expect("written");
            let stored = writing.finish().await.expect("stored");
            FileRef { key: stored.key, sha256: Some(stored.sha256) }
        }

        fn spool(&self) -> Spool {
            Spool::open(&self.root.join("spools")).expect("a spool")
        }

        fn n_spools(&self) -> usize {
            fs::read_dir(self.root.join("spools")).expect("spools").count()
        }
    }

    impl Drop for Scene {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.root).expect("removed");
        }
    }

    #[tokio::test]
    async fn solutions_stay_and_submissions_go_with_their_job() {
        let scene = Scene::new();
        let solution = scene.stored("solutions", b"sealed").await;
        let submission = scene.stored("submissions", b"id,x\n1,2\n").await;
        let mut spool = scene.spool();
        for file in [&solution, &submission] {
            spool.bring(&scene.files, file).await.expect("brought");
            assert!(spool.folder().join(&file.key).is_file());
        }
        spool.clear().expect("cleared");
        assert!(spool.folder().join(&solution.key).is_file());
        assert!(!spool.folder().join(&submission.key).exists());
        scene.files.remove(&solution.key).await.expect("removed");
        spool.bring(&scene.files, &solution).await.expect("still at hand");
        let gone = spool.bring(&scene.files, &FileRef { key: "data/1/none".to_owned(), sha256: None }).await;
        assert!(matches!(gone, Err(error) if !error.is_passing()));
    }

    #[tokio::test]
    async fn what_is_not_what_was_received_is_not_kept() {
        let scene = Scene::new();
        let file = scene.stored("solutions", b"sealed").await;
        fs::write(scene.root.join("store").join(&file.key), b"other!").expect("altered");
        let mut spool = scene.spool();
        assert!(matches!(spool.bring(&scene.files, &file).await, Err(StorageError::Altered)));
        let folder = spool.folder().join("solutions/1");
        assert_eq!(fs::read_dir(folder).expect("the folder").count(), 0);
    }

    #[tokio::test]
    async fn what_a_killed_worker_left_is_removed_by_the_next() {
        let scene = Scene::new();
        let in_use = scene.spool();
        let mut killed = std::mem::ManuallyDrop::new(scene.spool());
        assert_eq!(scene.n_spools(), 2);
        killed._lock.unlock().expect("as the kernel does when a process ends");
        killed.kept.clear();
        let next = scene.spool();
        assert_eq!(scene.n_spools(), 2);
        assert!(in_use.folder().is_dir() && next.folder().is_dir());
    }
}
