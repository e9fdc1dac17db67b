//! `holdout backup`: a copy of everything but the keys, made while the site runs.
//!
//! The database is copied first, in one snapshot. A file is whole before a row names it, so what the snapshot names was
//! there then. Retention, a deleted notebook or account may remove a file before its turn comes: those are counted and
//! named, and told from files that were lost.

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
use super::previous::Previous;
use super::series::Series;
use super::sums::Sums;
use super::{DUMP, FORMAT, Keys, MANIFEST, Manifest, SUMS, UNFINISHED, name_of, named, room, tell};
use crate::config::Config;
use crate::files::sha256_of;

/// What `holdout backup` can be told.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// A folder that does not exist yet; it appears once the backup is whole. Files that are the same as in the newest
    /// backup beside it take no extra space.
    #[arg(required_unless_present = "into", conflicts_with = "into")]
    pub folder: Option<PathBuf>,
    /// Make the backup in this folder, named after the time.
    #[arg(long)]
    pub into: Option<PathBuf>,
    /// How many backups to keep there, including this one; all by default.
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

/// Makes a backup. Administrators are told when it fails.
///
/// # Errors
/// What cannot be read or written, or too little room; nothing stays under the folder's name then.
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
        n_linked: 0,
        gone: Keys::default(),
        missing: Keys::default(),
    };
    let written = write(config, &database, &folder, manifest).await;
    tell::outcome(config, &database, &folder, &written).await;
    let manifest = written?;
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
    let files = Files::open(&config.files)?;
    let previous = Previous::beside(&unfinished);
    room::require(&unfinished, config.disk_reserve_mb, database, &files, &previous).await?;
    let mut sums = Sums::create(&unfinished.join(SUMS))?;
    named::dump(database, &unfinished).await?;
    sums.add(DUMP, &sha256_of(&unfinished.join(DUMP))?)?;
    copy_files(&files, &previous, &unfinished, &mut sums, &mut manifest).await?;
    sums.finish()?;
    (manifest.gone, manifest.missing) = named::look_for(database, &unfinished).await?;
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

async fn copy_files(
    files: &Files,
    previous: &Previous,
    folder: &Path,
    sums: &mut Sums,
    manifest: &mut Manifest,
) -> anyhow::Result<()> {
    let mut listed = files.all();
    while let Some((key, _)) = listed.try_next().await? {
        match keep(files, previous, &key, folder).await {
            Ok(kept) => {
                sums.add(&name_of(&key), &kept.sha256)?;
                manifest.n_files += 1;
                manifest.n_bytes += kept.n_bytes;
                manifest.n_linked += u64::from(kept.is_linked);
            }
            // It was removed since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("The file {key}")),
        }
    }
    Ok(())
}

struct Kept {
    n_bytes: u64,
    sha256: String,
    is_linked: bool,
}

async fn keep(files: &Files, previous: &Previous, key: &str, folder: &Path) -> io::Result<Kept> {
    let to = folder.join(name_of(key));
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    if let Some((n_bytes, sha256)) = previous.link(files, key, &to).await? {
        return Ok(Kept { n_bytes, sha256, is_linked: true });
    }
    let (n_bytes, sha256) = copy(files, key, &to).await?;
    Ok(Kept { n_bytes, sha256, is_linked: false })
}

async fn copy(files: &Files, key: &str, to: &Path) -> io::Result<(u64, String)> {
    let mut bytes = files.read_whole(key).await?;
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
