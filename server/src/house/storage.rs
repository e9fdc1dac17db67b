//! `holdout storage`: files that no row names, in every room. They are what was stored and then refused or replaced
//! while whoever should have removed it was killed; `check` counts them, `clean` removes them.
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

use crate::config::Config;

/// Rooms whose files the web server alone knows; those of scorers are in [`orphans::ROOMS`].
const ROOMS: [&str; 6] =
    ["notebooks", "notebook-pages", "notebook-pictures", "images", "bundles", "archives"];
const NAMED: usize = 20;
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone, clap::Args)]
pub struct StorageArgs {
    /// Files that are younger are left alone, in hours.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(24..))]
    pub older_than_hours: u32,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    Checking,
    Removing,
}

/// Looks at every file that is old enough.
///
/// # Errors
/// Those of the database and of the place of files; what was removed until then is gone.
pub async fn sweep(config: &Config, args: &StorageArgs, doing: Doing) -> anyhow::Result<Found> {
    if let Some(folder) = config.files.folder() {
        ensure!(folder.is_dir(), "The folder of files {} is not there.", folder.display());
    }
    let files = Files::open(&config.files)?;
    let mut conn = PgConnection::connect(config.database_url.reveal()).await?;
    let age = HOUR * args.older_than_hours;
    let mut found = Found { is_removed: doing == Doing::Removing, ..Found::default() };
    for room in orphans::ROOMS.iter().chain(&ROOMS) {
        let mut old = files.older(room, age);
        while let Some(key) = next(&mut old).await? {
            found.n_files += 1;
            if is_named(&mut conn, &key).await? {
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

async fn is_named(conn: &mut PgConnection, key: &str) -> sqlx::Result<bool> {
    Ok(orphans::is_named(&mut *conn, key).await? || store::is_named(conn, key).await?)
}

mod store {
    use sqlx::PgConnection;

    /// Each answer is found by an index.
    pub async fn is_named(conn: &mut PgConnection, key: &str) -> sqlx::Result<bool> {
        sqlx::query_scalar!(
            r#"select exists (select from notebook_versions where storage_key = $1)
                   or exists (select from notebook_drawings where storage_key = $1)
                   or exists (select from notebook_pictures where storage_key = $1)
                   or exists (select from notebook_run_drawings where storage_key = $1)
                   or exists (select from images where storage_key = $1)
                   or exists (select from bundle_files where storage_key = $1)
                   or exists (select from uploads where storage_key = $1) as "is_named!""#,
            key
        )
        .fetch_one(conn)
        .await
    }
}
