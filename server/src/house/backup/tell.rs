//! A backup is said to be made, or to have failed: administrators and monitors look for it.

use std::path::Path;

use sqlx::{Connection, PgConnection};

use super::Manifest;
use super::database::Database;
use crate::admin::store;
use crate::clock::Clock;
use crate::config::Config;
use crate::mail::{self, Letter};

/// Puts on record what became of a backup. That this cannot be done changes nothing about the backup.
pub async fn outcome(
    config: &Config,
    database: &Database,
    folder: &Path,
    written: &anyhow::Result<Manifest>,
) {
    let told = match written {
        Ok(manifest) => made(database, manifest).await,
        Err(failure) => failed(config, database, folder, failure).await,
    };
    if let Err(error) = told {
        tracing::warn!("what became of this backup could not be put on record: {error:#}");
    }
}

async fn made(database: &Database, manifest: &Manifest) -> anyhow::Result<()> {
    let mut conn = PgConnection::connect(&database.url).await?;
    store::note_backup_made(&mut conn, manifest.made_at, manifest.n_bytes).await?;
    Ok(())
}

/// Also by mail to every administrator.
async fn failed(
    config: &Config,
    database: &Database,
    folder: &Path,
    failure: &anyhow::Error,
) -> anyhow::Result<()> {
    let mut conn = PgConnection::connect(&database.url).await?;
    let clock = Clock::default();
    clock.synchronise(&mut conn).await?;
    let now = clock.now();
    let mut tx = conn.begin().await?;
    store::note_backup_failed(&mut tx, now, &format!("{failure:#}")).await?;
    for to in store::addresses_of_admins(&mut tx).await? {
        let letter = Letter {
            to,
            subject: "A backup failed".to_owned(),
            body: format!(
                "No backup of {} was made in {}:\n\n{failure:#}\n\nThose that were made before are as they were.\n",
                config.public_url,
                folder.display()
            ),
            unsubscribe_url: None,
        };
        mail::post(&mut tx, &letter, now).await?;
    }
    tx.commit().await?;
    Ok(())
}
