//! The keys that the dump of a backup names, and which of them are not in the backup.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use sqlx::{Connection, PgConnection};

use super::database::Database;
use super::{DUMP, Keys, name_of};
use crate::house::{rows, storage};

/// The keys, a line each, while the backup is made.
const NAMED: &str = "named";

/// Dumps the database into `folder`, and writes down the keys of all files that the same snapshot names.
///
/// # Errors
/// Those of the database and the file system.
pub async fn dump(database: &Database, folder: &Path) -> anyhow::Result<()> {
    let mut conn = PgConnection::connect(&database.url).await?;
    let mut tx = conn.begin_with("begin isolation level repeatable read, read only").await?;
    let snapshot = rows::export_snapshot(&mut tx).await?;
    database.dump(&snapshot, &folder.join(DUMP))?;
    let mut named = BufWriter::new(File::create_new(folder.join(NAMED))?);
    rows::each_key(&mut tx, |key| writeln!(named, "{key}")).await?;
    named.flush()?;
    tx.rollback().await?;
    Ok(())
}

/// Of the keys that were written down, those whose file is not in the backup: which no row claims any more, and which
/// one does. What was written down is removed.
///
/// # Errors
/// Those of the database and the file system.
pub async fn look_for(database: &Database, folder: &Path) -> anyhow::Result<(Keys, Keys)> {
    let (mut gone, mut missing) = (Keys::default(), Keys::default());
    let mut conn = PgConnection::connect(&database.url).await?;
    let path = folder.join(NAMED);
    let mut before = String::new();
    for key in BufReader::new(File::open(&path)?).lines() {
        let key = key?;
        // Rows that share a file follow each other.
        if key != before && !folder.join(name_of(&key)).exists() {
            let keys = if storage::is_named(&mut conn, &key).await? { &mut missing } else { &mut gone };
            keys.add(&key);
        }
        before = key;
    }
    fs::remove_file(path)?;
    Ok((gone, missing))
}
