//! The folder of one run on the machine's disk: the data that the notebook reads, and what comes out of the
//! sandbox until it is stored. A runner that is killed leaves its folders behind; the next one removes them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::sandboxes::rights::NOBODY;

const NAME: &str = "holdout-run-";
/// Held while the folder is in use.
const LOCK: &str = "lock";

pub struct RunFolder {
    whole: PathBuf,
    _lock: File,
}

impl RunFolder {
    /// Makes a folder below `spools` that nobody else may enter, and removes those that were left behind.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn make(spools: &Path) -> io::Result<Self> {
        fs::create_dir_all(spools)?;
        remove_abandoned(spools)?;
        let whole = std::path::absolute(spools)?.join(format!("{NAME}{}", Uuid::now_v7()));
        fs::DirBuilder::new().mode(0o700).create(&whole)?;
        // It has its name only once it is held: until then nobody takes it for abandoned.
        let unheld = whole.join("unheld");
        let lock = File::create(&unheld)?;
        lock.lock()?;
        fs::rename(unheld, whole.join(LOCK))?;
        let folder = Self { whole, _lock: lock };
        fs::DirBuilder::new().mode(0o700).create(folder.output())?;
        for seen in [folder.root(), folder.input()] {
            fs::DirBuilder::new().mode(0o755).create(seen)?;
        }
        // Whoever becomes the user nobody in the cage must still come here.
        if rustix::process::geteuid().is_root() {
            for seen in [folder.whole.clone(), folder.root()] {
                std::os::unix::fs::chown(seen, Some(NOBODY), Some(NOBODY))?;
            }
        }
        Ok(folder)
    }

    pub fn whole(&self) -> &Path {
        &self.whole
    }

    /// Where the cage builds its root: in its own namespace alone, so that it stays empty here.
    pub fn root(&self) -> PathBuf {
        self.whole.join("root")
    }

    /// What the notebook finds as its data.
    pub fn input(&self) -> PathBuf {
        self.whole.join("input")
    }

    /// What came out.
    pub fn output(&self) -> PathBuf {
        self.whole.join("output")
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.whole);
    }
}

fn remove_abandoned(spools: &Path) -> io::Result<()> {
    for entry in fs::read_dir(spools)? {
        let entry = entry?;
        let is_of_a_run = entry.file_name().to_str().is_some_and(|name| name.starts_with(NAME));
        let is_abandoned = || File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_of_a_run && is_abandoned() {
            let _ = fs::remove_dir_all(entry.path()); // another runner may be as quick
        }
    }
    Ok(())
}
