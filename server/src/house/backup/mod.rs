//! A backup is a folder: the database, every stored file as it is stored, and the hash of each. The key that
//! opens solutions is not in it, so whoever takes a backup can read no label.

mod database;
pub mod make;
mod named;
mod previous;
pub mod restore;
mod room;
mod series;
mod store;
mod sums;
mod tell;

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::web::format;

/// Raised whenever an older program could not read what a newer one writes.
const FORMAT: u32 = 1;

const MANIFEST: &str = "manifest.json";
const DUMP: &str = "database.dump";
const FILES: &str = "files";
/// Behind a backup's name until it is whole.
const UNFINISHED: &str = ".unfinished";
/// Keys that are named of those that are counted.
const NAMED: usize = 20;
/// As `sha256sum --check` reads them.
const SUMS: &str = "SHA256SUMS";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    pub program: String,
    pub made_at: DateTime<Utc>,
    /// The newest migration of its database.
    pub schema: i64,
    pub n_files: u64,
    pub n_bytes: u64,
    /// Files that take no room of their own: they are those of the backup before.
    #[serde(default)]
    pub n_linked: u64,
    /// Of rows of the dump whose file was removed while the backup was made, with the row or its claim to it.
    #[serde(default)]
    pub gone: Keys,
    /// Of rows that name a file which is not there.
    #[serde(default)]
    pub missing: Keys,
}

/// A stored file's name in a backup.
fn name_of(key: &str) -> String {
    format!("{FILES}/{key}")
}

/// Keys of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    pub n: u64,
    /// The first of them.
    pub items: Vec<String>,
}

impl Keys {
    fn add(&mut self, key: &str) {
        self.n += 1;
        if self.items.len() < NAMED {
            self.items.push(key.to_owned());
        }
    }

    fn told(&self, of: &str) -> Option<String> {
        (self.n > 0).then(|| format!("{} {of}: {}", self.n, self.items.join(", ")))
    }
}

impl Manifest {
    /// What there is to say of it to whoever made it.
    pub fn sentences(&self, folder: &Path) -> String {
        let kept = format!(
            "The database and its files ({} files, {}) lie in {}; {} of the files share their room with the backup before. \
             The keys (scorer.key, accounts.key) do not: keep copies of them elsewhere.",
            self.n_files,
            format::size(self.n_bytes),
            folder.display(),
            self.n_linked,
        );
        let gone = "of the files were removed while it was made, as retention or a deleted account asked";
        let missing = "of the files that rows name are not there (see `holdout storage check`)";
        let told = [Some(kept), self.gone.told(gone), self.missing.told(missing)];
        told.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }
}
