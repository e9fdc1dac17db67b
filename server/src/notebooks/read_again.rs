//! Notebooks that the search knows by their title alone, because they were shared before it read their text, are
//! read once: one after the other, newest first, in the background. What was read is on record, so that a server
//! that stops goes on where it stood.

use std::time::Duration;

use tokio::time::sleep;

use super::drawing::sources_of;
use super::push::{blocking, read_whole};
use super::store::drawings::{self, Unread};
use crate::app::App;
use crate::error::{AppError, Result};

/// Between two notebooks: people come first.
const PAUSE: Duration = Duration::from_millis(50);

/// Reads all of them.
pub async fn read_all(app: App) {
    match read_unread(&app, PAUSE).await {
        Ok(0) => {}
        Ok(n) => tracing::info!(n, "notebooks were read for the search"),
        Err(error) => {
            tracing::warn!(%error, "not all notebooks were read for the search; the next start goes on")
        }
    }
}

/// Reads those that are left, and says how many there were. One whose file cannot be had is left for the next time.
///
/// # Errors
/// Those of the database.
pub async fn read_unread(app: &App, pause: Duration) -> Result<usize> {
    let (mut n_read, mut before) = (0, i64::MAX);
    while let Some(unread) = next(app, before).await? {
        before = unread.notebook_id.0;
        match read(app, &unread).await {
            Ok(()) => n_read += 1,
            Err(error) => {
                tracing::warn!(%error, notebook = before, "a notebook could not be read for the search")
            }
        }
        sleep(pause).await;
    }
    Ok(n_read)
}

async fn next(app: &App, before: i64) -> Result<Option<Unread>> {
    let mut conn = app.db.acquire().await?;
    Ok(drawings::next_unread(&mut conn, before).await?)
}

/// What is no notebook to today's reader is found by its title, and not read again.
async fn read(app: &App, unread: &Unread) -> Result<()> {
    let bytes = read_whole(app, &unread.storage_key, unread.size_bytes.unsigned_abs()).await?;
    let sources = match blocking(move || sources_of(&bytes)).await {
        Err(AppError::Field { .. }) => String::new(),
        sources => sources?,
    };
    let mut conn = app.db.acquire().await?;
    drawings::put_sources(&mut conn, unread.notebook_id, unread.number, &sources).await?;
    Ok(())
}
