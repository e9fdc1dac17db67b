//! A large file of a folder while it arrives: under a name of its own until it is whole and on the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::behind::Writing;

/// Such names are no stored files to whoever lists a folder.
const SUFFIX: &str = "#1";

/// Dropped before [`Staged::finish`], it leaves nothing behind.
pub struct Staged {
    writing: Writing,
    target: PathBuf,
    /// `None` once it has its name.
    staging: Option<PathBuf>,
}

impl Staged {
    /// # Errors
    /// Those of the file system.
    pub async fn begin(target: PathBuf) -> io::Result<Self> {
        let begun = spawn_blocking(move || {
            make_folder(folder_of(&target))?;
            let mut staging = target.clone().into_os_string();
            staging.push(SUFFIX);
            let staging = PathBuf::from(staging);
            let writing = Writing::new(File::create(&staging)?);
            Ok(Self { writing, target, staging: Some(staging) })
        });
        begun.await?
    }

    /// # Errors
    /// Those of the file system, of an earlier part.
    pub async fn write(&mut self, part: Bytes) -> io::Result<()> {
        self.writing.write(part).await
    }

    /// What this returns from survives a power cut.
    ///
    /// # Errors
    /// Those of the file system.
    pub async fn finish(&mut self) -> io::Result<()> {
        let file = self.writing.written().await?;
        let (target, staging) = (self.target.clone(), self.staging.clone());
        let named = spawn_blocking(move || {
            file.sync_all()?;
            if let Some(staging) = staging {
                fs::rename(staging, &target)?;
            }
            File::open(folder_of(&target))?.sync_all()
        });
        named.await??;
        self.staging = None;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let Some(staging) = self.staging.take() else { return };
        let remove = move || drop(fs::remove_file(staging));
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Makes a folder with those above it, each on the disk before something lies in it.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    make_folder(folder_of(folder))?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(folder_of(folder))?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_has_its_name_once_it_is_whole_and_leaves_nothing_before() {
        let root = std::env::temp_dir().join(format!("holdout-staged-{}", uuid::Uuid::now_v7()));
        let target = root.join("data/7/file");
        let names = || fs::read_dir(folder_of(&target)).expect("a folder").count();
        let mut broken_off = Staged::begin(target.clone()).await.expect("begun");
        broken_off.write(Bytes::from_static(b"half of")).await.expect("written");
        assert!(!target.exists() && names() == 1);
        drop(broken_off);
        while names() > 0 {
            tokio::task::yield_now().await;
        }
        let mut whole = Staged::begin(target.clone()).await.expect("begun");
        for part in ["a", " whole", " file"] {
            whole.write(Bytes::from_static(part.as_bytes())).await.expect("written");
        }
        whole.finish().await.expect("finished");
        drop(whole);
        assert_eq!((fs::read(&target).expect("read"), names()), (b"a whole file".to_vec(), 1));
        fs::remove_dir_all(root).expect("removed");
    }
}
