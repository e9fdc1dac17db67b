//! A backup that fills the disk would have the site refuse files, where both share it: it is not begun.

use std::path::Path;

use anyhow::ensure;
use futures_util::TryStreamExt;
use holdout_contract::files::Files;
use holdout_contract::watermark::Disk;
use sqlx::{Connection, PgConnection};

use super::database::Database;
use super::name_of;
use super::previous::Previous;
use crate::admin::store::database_bytes;
use crate::web::format;

/// A database grows from one night to the next.
const GROWTH_BYTES: u64 = 64 << 20;

/// # Errors
/// Too little room; those of the database and of the place of files.
pub async fn require(
    folder: &Path,
    reserve_mb: u64,
    database: &Database,
    files: &Files,
    previous: &Previous,
) -> anyhow::Result<()> {
    let Some(disk) = Disk::of(folder) else { return Ok(()) };
    let mut needed = match previous.dump_bytes {
        Some(before) => before + before / 4 + GROWTH_BYTES,
        // Indexes are in no dump, and what is in it is compressed.
        None => {
            let mut conn = PgConnection::connect(&database.url).await?;
            u64::try_from(database_bytes(&mut conn).await?)? / 2
        }
    };
    let mut listed = files.all();
    while let Some((key, size_bytes)) = listed.try_next().await? {
        if !previous.has(&name_of(&key)) {
            needed += size_bytes;
        }
    }
    let reserve = reserve_mb.saturating_mul(1 << 20);
    ensure!(
        disk.free_bytes >= needed.saturating_add(reserve),
        "This backup takes about {}, and {} are free there, of which {} stay free (HOLDOUT_DISK_RESERVE_MB): remove old \
         backups, or name a folder on another disk.",
        format::size(needed),
        format::size(disk.free_bytes),
        format::size(reserve)
    );
    Ok(())
}
