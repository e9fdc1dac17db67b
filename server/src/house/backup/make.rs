//! `holdout backup`: a copy of everything but the keys, made while the site runs.
//!
//! The database is copied first, in one snapshot. A file is whole before a row names it and is removed after no row
//! does, so every file that the snapshot names is there when its turn comes.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use futures_util::TryStreamExt;
use holdout_contract::files::Files;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::database::Database;
use super::series::Series;
use super::sums::Sums;
use super::{DUMP, FILES, FORMAT, MANIFEST, Manifest, SUMS, UNFINISHED};
use crate::config::Config;
use crate::files::sha256_of;

/// What `holdout backup` can be told.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// A folder that does not exist yet; it appears once the backup is whole.
    #[arg(required_unless_present = "into", conflicts_with = "into")]
    pub folder: Option<PathBuf>,
    /// Make the backup in this folder, under a name that tells its time.
    #[arg(long)]
    pub into: Option<PathBuf>,
    /// Of the backups there, so many stay with this one; all, unless said.
    #[arg(long, requires = "into", value_parser = clap::value_parser!(u16).range(1..))]
    pub keep: Option<u16>,
}

/// A backup that was made.
#[derive(Debug, Serialize)]
pub struct Made {
    #[serde(flatten)]
    pub manifest: Manifest,
    pub folder: PathBuf,
    /// Older ones that went.
    pub removed: Vec<String>,
}

/// Makes a backup.
///
/// # Errors
/// What cannot be read or written; nothing stays under the folder's name then.
pub async fn make(config: &Config, args: &BackupArgs) -> anyhow::Result<Made> {
    let series = args.into.as_deref().map(Series::open).transpose()?;
    let database = Database::of(config).await?;
    let (schema, made_at) = database.state().await?;
    let folder = match (&args.folder, &series) {
        (Some(folder), _) => folder.clone(),
        (None, Some(series)) => series.place(made_at),
        (None, None) => bail!("Name a folder for the backup."),
    };
    let manifest = Manifest {
        format: FORMAT,
        program: concat!("holdout ", env!("CARGO_PKG_VERSION")).to_owned(),
        made_at,
        schema,
        n_files: 0,
        n_bytes: 0,
    };
    let manifest = write(config, &database, &folder, manifest).await?;
    let removed = match (&series, args.keep) {
        (Some(series), Some(n_kept)) => series.keep(n_kept.into(), &folder)?,
        _ => Vec::new(),
    };
    Ok(Made { manifest, folder, removed })
}

/// Everything, under another name until it is whole.
async fn write(
    config: &Config,
    database: &Database,
    folder: &Path,
    mut manifest: Manifest,
) -> anyhow::Result<Manifest> {
    ensure!(!folder.exists(), "{} is there already: name a folder that is not.", folder.display());
    let unfinished = unfinished(folder)?;
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?; // of a backup that was cut short
    }
    fs::DirBuilder::new().mode(0o700).recursive(true).create(&unfinished)?;
    let mut sums = Sums::create(&unfinished.join(SUMS))?;
    let dump = unfinished.join(DUMP);
    database.dump(&dump)?;
    sums.add(DUMP, &sha256_of(&dump)?)?;
    (manifest.n_files, manifest.n_bytes) =
        copy_files(&Files::open(&config.files)?, &unfinished, &mut sums).await?;
    sums.finish()?;
    fs::write(unfinished.join(MANIFEST), serde_json::to_vec_pretty(&manifest)?)?;
    rustix::fs::syncfs(File::open(&unfinished)?)?;
    fs::rename(&unfinished, folder)?;
    rustix::fs::syncfs(File::open(folder)?)?;
    Ok(manifest)
}

/// Beside the folder, so that it can be renamed.
fn unfinished(folder: &Path) -> anyhow::Result<PathBuf> {
    let name = folder.file_name().context("Name a folder for the backup.")?;
    let mut unfinished = name.to_owned();
    unfinished.push(UNFINISHED);
    Ok(folder.with_file_name(unfinished))
}

/// Gives the number of files, and of their bytes.
async fn copy_files(files: &Files, folder: &Path, sums: &mut Sums) -> anyhow::Result<(u64, u64)> {
    let (mut n_files, mut n_bytes) = (0, 0);
    let mut keys = files.all();
    while let Some(key) = keys.try_next().await? {
        let name = format!("{FILES}/{key}");
        match copy(files, &key, &folder.join(&name)).await {
            Ok((length, sha256)) => {
                sums.add(&name, &sha256)?;
                n_files += 1;
                n_bytes += length;
            }
            // It was removed since it was listed: no row of the snapshot names it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("The file {key}")),
        }
    }
    Ok((n_files, n_bytes))
}

async fn copy(files: &Files, key: &str, to: &Path) -> io::Result<(u64, String)> {
    let mut bytes = files.read_whole(key).await?;
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut copy = tokio::fs::File::create_new(to).await?;
    let (mut length, mut hasher) = (0, Sha256::new());
    while let Some(part) = bytes.try_next().await? {
        length += part.len() as u64;
        hasher.update(&part);
        copy.write_all(&part).await?;
    }
    copy.flush().await?;
    Ok((length, hex::encode(hasher.finalize())))
}
