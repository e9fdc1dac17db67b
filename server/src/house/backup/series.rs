//! `holdout backup --into FOLDER --keep N`: backups in one folder, each named by its time, of which the last stay.
//!
//! Never here: removing what is not named so, or while another process makes a backup there.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDateTime, Utc};

use super::{MANIFEST, UNFINISHED};

const STAMP: &str = "%Y%m%dT%H%M%SZ";
const LOCK: &str = ".lock";

/// A folder of backups, for this process alone.
pub struct Series {
    folder: PathBuf,
    _lock: File,
}

impl Series {
    /// Opens the folder, or makes it for its owner alone, and removes what an earlier backup left that was cut short.
    ///
    /// # Errors
    /// That another process makes a backup there; those of the file system.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
        let path = folder.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("Another backup is being made in {}.", folder.display()),
            Err(TryLockError::Error(error)) => return Err(error).context(path.display().to_string()),
        }
        let series = Self { folder: folder.to_owned(), _lock: lock };
        for name in series.names()? {
            if name.strip_suffix(UNFINISHED).is_some_and(is_stamp) {
                fs::remove_dir_all(folder.join(name))?;
            }
        }
        Ok(series)
    }

    /// Where a backup of this time belongs.
    pub fn place(&self, made_at: DateTime<Utc>) -> PathBuf {
        self.folder.join(made_at.format(STAMP).to_string())
    }

    /// Removes the oldest whole backups, so that `n_kept` are left with this one, which stays. Gives the names of those
    /// that went.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn keep(&self, n_kept: usize, newest: &Path) -> anyhow::Result<Vec<String>> {
        let is_whole = |name: &String| is_stamp(name) && self.folder.join(name).join(MANIFEST).is_file();
        let mut others: Vec<String> = self
            .names()?
            .into_iter()
            .filter(|name| is_whole(name) && self.folder.join(name) != newest)
            .collect();
        others.sort_unstable_by(|left, right| right.cmp(left));
        let old = others.split_off(others.len().min(n_kept.saturating_sub(1)));
        for name in &old {
            // Half of a backup must not look like one.
            let going = self.folder.join(format!("{name}{UNFINISHED}"));
            fs::rename(self.folder.join(name), &going)?;
            fs::remove_dir_all(&going)?;
        }
        Ok(old)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }
}

fn is_stamp(name: &str) -> bool {
    NaiveDateTime::parse_from_str(name, STAMP).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_last_backups_stay_and_nothing_goes_that_is_not_one() {
        let folder = Folder(std::env::temp_dir().join(format!("holdout-series-{}", uuid::Uuid::new_v4())));
        let days = ["20260101T031000Z", "20260102T031000Z", "20260103T031000Z", "20260104T031000Z"];
        for name in days.into_iter().chain(["20260105T031000Z.unfinished", "before the move"]) {
            fs::create_dir_all(folder.0.join(name)).unwrap();
            fs::write(folder.0.join(name).join(MANIFEST), "{}").unwrap();
        }
        fs::create_dir_all(folder.0.join("20250101T000000Z")).unwrap();
        let series = Series::open(&folder.0).unwrap();
        assert!(Series::open(&folder.0).is_err(), "one at a time");
        // The clock was set back: the one that was just made stays all the same.
        let newest = series.place("2026-01-02T03:10:00Z".parse().unwrap());
        assert_eq!(newest, folder.0.join(days[1]));
        assert_eq!(series.keep(2, &newest).unwrap(), [days[2], days[0]]);
        let mut left = series.names().unwrap();
        left.sort();
        assert_eq!(left, [LOCK, "20250101T000000Z", days[1], days[3], "before the move"]);
        assert!(
            series.keep(1, &folder.0.join(days[3])).unwrap() == [days[1]] && folder.0.join(days[3]).exists()
        );
    }
}
