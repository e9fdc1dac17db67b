//! `holdout storage`: files that no row names, in every room; and rows whose file is not as it was stored ([`rows`]). They are what was stored and then refused or replaced
//! while whoever should have removed it was killed; `check` counts them, `clean` removes them. Servers and scorers remove them
//! by themselves once they are a week old.
//!
//! Never here: a file that a row names, or one that is younger than a day, which may be on its way into the database.

use std::io;
use std::time::Duration;

use anyhow::ensure;
use futures_util::TryStreamExt;
use holdout_contract::files::Files;
use holdout_contract::orphans;
use serde::Serialize;
use sqlx::{Connection, PgConnection};

use super::rows::{self, Compared, Depth};
use crate::config::Config;
use crate::retention::{store as retention, unnamed};

const NAMED: usize = 20;
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone, clap::Args)]
pub struct StorageArgs {
    /// Leave files alone that are newer than this, in hours.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(24..))]
    pub older_than_hours: u32,
}

#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub orphans: StorageArgs,
    /// Only check that each file exists and has the right size, without reading it.
    #[arg(long)]
    pub quick: bool,
}

/// What was found of files and of rows.
#[derive(Debug, Serialize)]
pub struct Checked {
    #[serde(flatten)]
    pub orphans: Found,
    #[serde(flatten)]
    pub rows: Compared,
}

/// What was found, or removed.
#[derive(Debug, Default, Serialize)]
pub struct Found {
    /// Files that were looked at: those that are old enough.
    pub n_files: usize,
    /// Of which no row names so many.
    pub n_orphans: usize,
    /// The first of them.
    pub items: Vec<String>,
    pub is_removed: bool,
}

impl Found {
    pub fn sentence(&self) -> String {
        format!("No row names {} of {} files that are old enough.", self.n_orphans, self.n_files)
    }
}

/// Looks for files that no row names, and at the file of every row.
///
/// # Errors
/// Those of the database and of the place of files.
pub async fn check(config: &Config, args: &CheckArgs) -> anyhow::Result<Checked> {
    let (files, mut conn) = open(config).await?;
    let orphans = sweep(&files, &mut conn, &args.orphans, Doing::Checking).await?;
    let depth = if args.quick { Depth::Quick } else { Depth::Whole };
    Ok(Checked { orphans, rows: rows::compare(&mut conn, &files, depth).await? })
}

/// Removes every file that is old enough and that no row names.
///
/// # Errors
/// Those of the database and of the place of files; what was removed until then is gone.
pub async fn clean(config: &Config, args: &StorageArgs) -> anyhow::Result<Found> {
    let (files, mut conn) = open(config).await?;
    sweep(&files, &mut conn, args, Doing::Removing).await
}

async fn open(config: &Config) -> anyhow::Result<(Files, PgConnection)> {
    if let Some(folder) = config.files.folder() {
        ensure!(folder.is_dir(), "The folder of files {} is not there.", folder.display());
    }
    let conn = PgConnection::connect(config.database_url.reveal()).await?;
    Ok((Files::open(&config.files)?, conn))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Checking,
    Removing,
}

async fn sweep(
    files: &Files,
    conn: &mut PgConnection,
    args: &StorageArgs,
    doing: Doing,
) -> anyhow::Result<Found> {
    let age = HOUR * args.older_than_hours;
    let mut found = Found { is_removed: doing == Doing::Removing, ..Found::default() };
    for room in orphans::ROOMS.iter().chain(&unnamed::ROOMS) {
        let mut old = files.older(room, age);
        while let Some(key) = next(&mut old).await? {
            found.n_files += 1;
            if is_named(conn, &key).await? {
                continue;
            }
            if doing == Doing::Removing {
                files.remove(&key).await?;
                tracing::info!(key, "a file that no row names was removed");
            }
            found.n_orphans += 1;
            if found.items.len() < NAMED {
                found.items.push(key);
            }
        }
    }
    Ok(found)
}

/// A room that was never used is no folder yet.
async fn next(
    old: &mut (impl TryStreamExt<Ok = String, Error = io::Error> + Unpin),
) -> io::Result<Option<String>> {
    match old.try_next().await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found,
    }
}

/// Whether a row names a file.
///
/// # Errors
/// Those of the database.
pub(super) async fn is_named(conn: &mut PgConnection, key: &str) -> sqlx::Result<bool> {
    Ok(orphans::is_named(&mut *conn, key).await? || retention::is_named(conn, key).await?)
}
