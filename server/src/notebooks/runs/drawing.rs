//! A notebook with the outputs of a run, drawn as versions are: by the same drawer, once.

use super::model::{Executed, Run};
use super::store;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::notebooks::drawing::{Drawn, prepare, read_drawn};
use crate::notebooks::model::Notebook;
use crate::notebooks::push::read_whole;

/// The drawing of a run; nothing where it left no notebook.
///
/// # Errors
/// Those of database and storage.
pub async fn of_run(app: &App, notebook: &Notebook, run: &Run) -> Result<Drawn> {
    let Some(executed) = &run.executed else { return Ok(Drawn::default()) };
    let mut conn = app.db.acquire().await?;
    let stored = store::find_drawing(&mut conn, run.id).await?;
    drop(conn);
    match stored {
        Some(stored) => read_drawn(app, stored).await,
        None => draw(app, notebook, run, executed).await,
    }
}

async fn draw(app: &App, notebook: &Notebook, run: &Run, executed: &Executed) -> Result<Drawn> {
    let bytes = read_whole(app, &executed.storage_key, executed.size_bytes.unsigned_abs()).await?;
    let owner = (notebook.owner_username.as_str(), notebook.owner_id);
    let prepared = prepare(app, owner.0, owner.1, &notebook.slug, bytes, Some(notebook.id)).await?;
    let mut tx = app.db.begin().await?;
    let replaced = prepared.put_of_run(&mut tx, notebook.id, run.id, app.clock.now()).await?;
    let stored = store::find_drawing(&mut tx, run.id).await?.ok_or(AppError::NotFound)?;
    tx.commit().await?;
    if let Some(replaced) = replaced {
        app.files.remove(&replaced).await?;
    }
    read_drawn(app, stored).await
}
