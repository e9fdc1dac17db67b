//! A backup is a folder: the database, every stored file as it is stored, and the hash of each. The key that
//! opens solutions is not in it, so whoever takes a backup can read no label.

mod database;
pub mod make;
pub mod restore;
mod series;
mod store;
mod sums;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Raised whenever an older program could not read what a newer one writes.
const FORMAT: u32 = 1;

const MANIFEST: &str = "manifest.json";
const DUMP: &str = "database.dump";
const FILES: &str = "files";
/// Behind a backup's name until it is whole.
const UNFINISHED: &str = ".unfinished";
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
}
