//! What is read of runs, by whoever sees their notebook, and what of it the viewer may do.

use axum::http::HeaderMap;
use axum::response::Response;

use super::model::{Run, RunFile, RunState, Runners, SUBMISSION};
use super::{cancel, store, submit};
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::download::{Download, send};
use crate::error::{AppError, Result};
use crate::ids::{RunId, SubmissionId, TeamId};
use crate::notebooks::access::SeenNotebook;

/// A run with what came of it.
#[derive(Debug, Clone)]
pub struct RunDetail {
    pub run: Run,
    pub files: Vec<RunFile>,
    /// The submission that the viewer's team made of its predictions, and in which competition.
    pub submitted: Option<(String, SubmissionId)>,
}

impl RunDetail {
    /// Whether the viewer may send its predictions: once, as the notebook's author.
    pub fn may_submit(&self, seen: &SeenNotebook) -> bool {
        let has_predictions = self.files.iter().any(|file| file.path == SUBMISSION);
        let may_submit = seen.is_owner && seen.competition.is_some() && self.run.state == RunState::Ran;
        may_submit && has_predictions && self.submitted.is_none()
    }

    /// Whether the viewer may end it, and there is something to end.
    pub fn may_cancel(&self, seen: &SeenNotebook) -> bool {
        cancel::may_cancel(seen) && self.run.state.is_open()
    }
}

/// Whether the viewer is somebody who may ask for runs.
pub fn may_ask(seen: &SeenNotebook) -> bool {
    seen.is_owner && seen.sees_its_competition()
}

/// A run of a notebook that its viewer may see.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn find(app: &App, seen: &SeenNotebook, id: RunId) -> Result<Run> {
    let mut conn = app.db.acquire().await?;
    store::find(&mut conn, seen.notebook.id, id).await?.ok_or(AppError::NotFound)
}

/// As [`find`], with the files that it left.
///
/// # Errors
/// As [`find`].
pub async fn with_files(app: &App, seen: &SeenNotebook, id: RunId) -> Result<(Run, Vec<RunFile>)> {
    let mut conn = app.db.acquire().await?;
    let run = store::find(&mut conn, seen.notebook.id, id).await?.ok_or(AppError::NotFound)?;
    let files = store::files(&mut conn, run.id).await?;
    Ok((run, files))
}

/// As [`with_files`], with what was submitted of them.
///
/// # Errors
/// As [`find`].
pub async fn detail(app: &App, seen: &SeenNotebook, id: RunId) -> Result<RunDetail> {
    let (run, files) = with_files(app, seen, id).await?;
    let submitted = match own_team(seen) {
        Some((slug, team)) => {
            let sent = submit::sent_as(&mut *app.db.acquire().await?, team, run.id).await?;
            sent.map(|sent| (slug.to_owned(), sent))
        }
        None => None,
    };
    Ok(RunDetail { run, files, submitted })
}

/// The team that the viewer has in the notebook's competition.
fn own_team(seen: &SeenNotebook) -> Option<(&str, TeamId)> {
    let Seen { competition, standing } = seen.competition.as_ref()?;
    Some((&competition.slug, standing.team_id?))
}

/// The runs of a notebook, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(app: &App, seen: &SeenNotebook, keyset: Keyset) -> Result<Slice<Run>> {
    let mut conn = app.db.acquire().await?;
    let found = store::list(&mut conn, seen.notebook.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(found, |run| run.id.0))
}

/// What runs notebooks on this site.
///
/// # Errors
/// Those of the database.
pub async fn runners(app: &App) -> Result<Runners> {
    Ok(store::runners(&mut *app.db.acquire().await?).await?)
}

/// The newest run of a version, and what runs notebooks.
///
/// # Errors
/// Those of the database.
pub async fn newest(app: &App, seen: &SeenNotebook, number: i32) -> Result<(Option<Run>, Runners)> {
    let mut conn = app.db.acquire().await?;
    let newest = match store::newest(&mut conn, seen.notebook.id, number).await? {
        Some(id) => store::find(&mut conn, seen.notebook.id, id).await?,
        None => None,
    };
    Ok((newest, store::runners(&mut conn).await?))
}

/// The notebook with the outputs of a run.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn send_executed(app: &App, seen: &SeenNotebook, id: RunId, asked: &HeaderMap) -> Result<Response> {
    let run = find(app, seen, id).await?;
    let executed = run.executed.ok_or(AppError::NotFound)?;
    let download = Download {
        storage_key: &executed.storage_key,
        name: &format!("{}-run-{id}.ipynb", seen.notebook.slug),
        size_bytes: executed.size_bytes.unsigned_abs(),
        sha256_hex: hex::encode(&executed.sha256),
    };
    send(&app.files, &download, asked).await
}

/// A file that a run left: to be kept, and never shown as a page.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn send_output(
    app: &App,
    seen: &SeenNotebook,
    id: RunId,
    place: i32,
    asked: &HeaderMap,
) -> Result<Response> {
    let (_, files) = with_files(app, seen, id).await?;
    let file = files.iter().find(|file| file.place == place).ok_or(AppError::NotFound)?;
    let download = Download {
        storage_key: &file.storage_key,
        name: file.name(),
        size_bytes: file.size_bytes.unsigned_abs(),
        sha256_hex: file.sha256_hex(),
    };
    send(&app.files, &download, asked).await
}
