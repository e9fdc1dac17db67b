//! The backup before: what did not change since takes no room again.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use holdout_contract::files::Files;

use super::{DUMP, MANIFEST, Manifest, SUMS, name_of, sums};
use crate::files::sha256_of;
use crate::house::rows;

/// The newest whole backup beside the one that is made.
#[derive(Debug, Default)]
pub struct Previous {
    folder: PathBuf,
    /// By name; of none, empty.
    sums: HashMap<String, String>,
    /// `None` where there is no backup before.
    pub dump_bytes: Option<u64>,
}

impl Previous {
    /// None where none is found. A folder that is no backup is passed over.
    pub fn beside(folder: &Path) -> Self {
        let parent = folder.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let backups = entries.filter_map(|entry| Some((manifest_of(&entry.path())?.made_at, entry.path())));
        backups.max().and_then(|(_, folder)| Self::of(folder)).unwrap_or_default()
    }

    fn of(folder: PathBuf) -> Option<Self> {
        let listed = sums::read(&folder.join(SUMS)).ok()?;
        let dump_bytes = fs::metadata(folder.join(DUMP)).ok()?.len();
        let sums = listed.into_iter().map(|sum| (sum.name, sum.sha256)).collect();
        Some(Self { folder, sums, dump_bytes: Some(dump_bytes) })
    }

    /// Whether a file was kept under this name.
    pub fn has(&self, name: &str) -> bool {
        self.sums.contains_key(name)
    }

    /// Links a stored file's copy to `to` where the stored file and the copy are both, byte for byte, what was kept then;
    /// gives its size and hash.
    ///
    /// # Errors
    /// Those of the place of files.
    pub async fn link(&self, files: &Files, key: &str, to: &Path) -> io::Result<Option<(u64, String)>> {
        let name = name_of(key);
        let Some(sha256) = self.sums.get(&name) else { return Ok(None) };
        let copy = self.folder.join(name);
        let Ok(length) = fs::metadata(&copy).map(|metadata| metadata.len()) else { return Ok(None) };
        if files.size_bytes(key).await? != Some(length)
            || hex::encode(rows::digest(files, key).await?) != *sha256
        {
            return Ok(None);
        }
        // A copy that the disk spoiled must not be handed from backup to backup.
        let is_sound = sha256_of(&copy).is_ok_and(|found| found == *sha256);
        let is_linked = is_sound && fs::hard_link(&copy, to).is_ok();
        Ok(is_linked.then(|| (length, sha256.clone())))
    }
}

fn manifest_of(folder: &Path) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()
}
