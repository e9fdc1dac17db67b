//! The other half of `holdout storage check`: rows whose file is gone, or is not the one that was stored. Rows are read in
//! pages by the key of their file, and files a piece at a time, so that memory does not grow with either.
//!
//! Never here: a file that is changed or removed; a row that went while its file was looked for.

use std::fmt;
use std::io;

use futures_util::{StreamExt, TryStreamExt};
use holdout_contract::files::Files;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use self::kinds::Kind;
use super::storage::is_named;

mod kinds;

/// Rows that one statement reads.
const PAGE: i64 = 500;
/// Files that are looked at at the same time.
const AT_ONCE: usize = 8;
/// Faults that are named; all are counted.
const NAMED: usize = 1000;

/// How closely files are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// That each is there, in its size.
    Quick,
    /// Every byte of those whose hash is on record.
    Whole,
}

/// What is wrong with a file that a row names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Missing,
    /// Another size, or other bytes.
    Changed,
}

/// A row whose file is not as it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub kind: &'static str,
    /// Of the row; of several columns where it takes them.
    pub id: String,
    pub what: What,
    pub key: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Missing => "missing",
            What::Changed => "changed",
        };
        write!(f, "{} {}: {what} ({})", self.kind, self.id, self.key)
    }
}

/// What was found of rows.
#[derive(Debug, Default, Serialize)]
pub struct Compared {
    pub n_rows: usize,
    pub n_faults: usize,
    /// The first of them.
    pub faults: Vec<Fault>,
}

/// A row that names a file.
#[derive(Debug, Clone)]
struct Row {
    id: String,
    key: String,
    /// `None` where it is not on record.
    size_bytes: Option<i64>,
    sha256: Option<Vec<u8>>,
}

/// Looks at the file of every row.
///
/// # Errors
/// Those of the database; of the place of files all but that one is missing.
pub async fn compare(conn: &mut PgConnection, files: &Files, depth: Depth) -> anyhow::Result<Compared> {
    let mut compared = Compared::default();
    for kind in Kind::ALL {
        let mut after = String::new();
        loop {
            let rows = kind.page(conn, &after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.key);
            compared.n_rows += rows.len();
            for (row, what) in wrong(files, rows, depth).await? {
                // Its row may have gone with it in between.
                if is_named(conn, &row.key).await? {
                    compared.note(kind, row, what);
                }
            }
        }
    }
    Ok(compared)
}

/// The name by which a dump can share what this transaction sees, and so the keys that [`each_key`] tells in it.
///
/// # Errors
/// Those of the database.
pub async fn export_snapshot(conn: &mut PgConnection) -> sqlx::Result<String> {
    kinds::export_snapshot(conn).await
}

/// Tells the key of every file that a row names.
///
/// # Errors
/// Those of the database and of `tell`.
pub async fn each_key(
    conn: &mut PgConnection,
    mut tell: impl FnMut(&str) -> io::Result<()>,
) -> anyhow::Result<()> {
    for kind in Kind::ALL {
        let mut after = String::new();
        loop {
            let rows = kind.page(conn, &after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.key);
            for row in &rows {
                tell(&row.key)?;
            }
        }
    }
    Ok(())
}

impl Compared {
    fn note(&mut self, kind: Kind, row: Row, what: What) {
        self.n_faults += 1;
        if self.faults.len() < NAMED {
            self.faults.push(Fault { kind: kind.name(), id: row.id, what, key: row.key });
        }
    }
}

async fn wrong(files: &Files, rows: Vec<Row>, depth: Depth) -> io::Result<Vec<(Row, What)>> {
    futures_util::stream::iter(rows)
        .map(|row| async move {
            let what = look(files, &row, depth).await?;
            Ok::<_, io::Error>(what.map(|what| (row, what)))
        })
        .buffered(AT_ONCE)
        .try_filter_map(|found| std::future::ready(Ok(found)))
        .try_collect()
        .await
}

async fn look(files: &Files, row: &Row, depth: Depth) -> io::Result<Option<What>> {
    let Some(size_bytes) = files.size_bytes(&row.key).await? else { return Ok(Some(What::Missing)) };
    let is_of_size = row.size_bytes.is_none_or(|expected| expected.unsigned_abs() == size_bytes);
    if !is_of_size {
        return Ok(Some(What::Changed));
    }
    match (&row.sha256, depth) {
        (Some(expected), Depth::Whole) => {
            let is_same = digest(files, &row.key).await?.as_slice() == expected.as_slice();
            Ok((!is_same).then_some(What::Changed))
        }
        _ => Ok(None),
    }
}

/// The hash of a stored file.
///
/// # Errors
/// Those of the place of files.
pub(super) async fn digest(files: &Files, key: &str) -> io::Result<[u8; 32]> {
    let mut content = files.read_whole(key).await?;
    let mut hasher = Sha256::new();
    while let Some(bytes) = content.try_next().await? {
        hasher.update(&bytes);
    }
    Ok(hasher.finalize().into())
}
