//! The end of uploads: by their owner, or because they waited for too long.

use std::time::Duration;

use crate::app::App;
use crate::error::{AppError, Result};
use crate::uploads::model::Upload;
use crate::uploads::partial::{self, path_of, quiet};
use crate::uploads::store::{self, Removed};

/// How long a writer may take to put on the disk what it has.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Ends an upload that is not spent; of one that is, only the memory goes.
///
/// # Errors
/// [`AppError::NotFound`] when it ended in the meantime.
pub async fn remove(app: &App, upload: &Upload) -> Result<()> {
    quiet(app, upload.id, &path_of(app, upload), PATIENCE).await?;
    let mut conn = app.db.acquire().await?;
    let removed = store::remove(&mut conn, upload.id).await?.ok_or(AppError::NotFound)?;
    drop(conn);
    forget(app, removed).await
}

/// Removes what waited for too long, a few at a time.
///
/// # Errors
/// Those of the database and of storage.
pub async fn sweep(app: &App) -> Result<()> {
    loop {
        let mut conn = app.db.acquire().await?;
        let removed = store::remove_expired(&mut conn, app.clock.now()).await?;
        drop(conn);
        if removed.is_empty() {
            return Ok(());
        }
        for one in removed {
            forget(app, one).await?;
        }
    }
}

/// Removes the files of an upload that is no more.
///
/// # Errors
/// Those of storage.
pub async fn forget(app: &App, removed: Removed) -> Result<()> {
    // First, so that a verb that is just taking it over finds nothing, or has moved it to the key already.
    let partial = partial::path(app, removed.user_id, removed.id);
    match tokio::fs::remove_file(partial).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    if let Some(key) = removed.orphan_key {
        app.files.remove(&key).await?;
    }
    Ok(())
}
