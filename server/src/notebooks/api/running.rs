//! Runs from the top as JSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Named, NamedVersion};
use crate::accounts::model::Scope;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::error::Result;
use crate::ids::{RunId, SubmissionId};
use crate::notebooks::access;
use crate::notebooks::runs::cancel::{Cancelled, cancel};
use crate::notebooks::runs::model::{Run, RunFile, RunState};
use crate::notebooks::runs::read::{self, send_executed, send_output};
use crate::notebooks::runs::{ask, submit};
use crate::paths;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct NotebookRunFileJson {
    /// Its number in the address of its bytes.
    file: i32,
    /// Below the folder of the run.
    path: String,
    size_bytes: i64,
    sha256: String,
}

impl From<RunFile> for NotebookRunFileJson {
    fn from(file: RunFile) -> Self {
        Self { sha256: file.sha256_hex(), file: file.place, path: file.path, size_bytes: file.size_bytes }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct NotebookRunJson {
    id: RunId,
    version: i32,
    state: RunState,
    /// What came of it, in one sentence.
    text: String,
    asked_by: String,
    asked_at: DateTime<Utc>,
    /// Who ended it while it ran.
    cancelled_by: Option<String>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    seconds: Option<f64>,
    /// Among the cells of code, from 1: the one that runs, or at which it ended.
    cell: Option<i32>,
    n_code_cells: i32,
    n_cells_run: i32,
    /// Of the cell that failed.
    traceback: String,
    /// What was printed beside the cells.
    log: String,
    /// Python and its libraries.
    environment: String,
    /// Whether there is a notebook with its outputs.
    has_notebook: bool,
    files: Vec<NotebookRunFileJson>,
}

impl NotebookRunJson {
    fn new(run: Run, files: Vec<RunFile>) -> Self {
        Self {
            text: run.sentence(),
            traceback: run.traceback().to_owned(),
            id: run.id,
            version: run.number,
            state: run.state,
            asked_by: run.asked_by,
            asked_at: run.asked_at,
            cancelled_by: run.cancelled_by,
            started_at: run.started_at,
            finished_at: run.finished_at,
            seconds: run.took_seconds,
            cell: run.at_cell,
            n_code_cells: run.n_code_cells,
            n_cells_run: run.n_cells_run,
            log: run.log,
            environment: run.environment,
            has_notebook: run.executed.is_some(),
            files: files.into_iter().map(NotebookRunFileJson::from).collect(),
        }
    }
}

/// An entry of the list of runs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct NotebookRunEntryJson {
    id: RunId,
    version: i32,
    state: RunState,
    text: String,
    asked_by: String,
    asked_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    seconds: Option<f64>,
}

impl From<Run> for NotebookRunEntryJson {
    fn from(run: Run) -> Self {
        Self {
            text: run.sentence(),
            id: run.id,
            version: run.number,
            state: run.state,
            asked_by: run.asked_by,
            asked_at: run.asked_at,
            finished_at: run.finished_at,
            seconds: run.took_seconds,
        }
    }
}

/// Run a version from the top.
///
/// Every cell in order, from a fresh kernel, in a sandbox without a network. Where the version waits or runs
/// already, this is that run.
#[utoipa::path(
    post,
    path = paths::API_NOTEBOOK_VERSION_RUNS,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    responses(
        (status = 201, description = "The run waits for its turn", body = NotebookRunJson),
        (status = 200, description = "It waited or ran already", body = NotebookRunJson),
    ),
)]
pub(super) async fn run_notebook(
    State(app): State<App>,
    Path((username, notebook, number)): NamedVersion,
    caller: ApiMember,
) -> Result<(StatusCode, Json<NotebookRunJson>)> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let asked = ask::ask(&app, &member, &seen, number).await?;
    let status = if asked.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(NotebookRunJson::new(asked.run, Vec::new()))))
}

/// The runs of a notebook.
///
/// The newest three of each version are kept.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOK_RUNS,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Runs, newest first", body = Slice<NotebookRunEntryJson>)),
)]
pub(super) async fn list_notebook_runs(
    State(app): State<App>,
    Path((username, notebook)): Named,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<NotebookRunEntryJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &username, &notebook, viewer.as_ref()).await?;
    Ok(read::list(&app, &seen, keyset).await?.map(NotebookRunEntryJson::from))
}

type NamedRun = Path<(String, String, RunId)>;

/// One run, with its log and its files.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOK_RUN,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The run", body = NotebookRunJson)),
)]
pub(super) async fn show_notebook_run(
    State(app): State<App>,
    Path((username, notebook, id)): NamedRun,
    caller: MaybeApiMember,
) -> Result<Json<NotebookRunJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &username, &notebook, viewer.as_ref()).await?;
    let (run, files) = read::with_files(&app, &seen, id).await?;
    Ok(Json(NotebookRunJson::new(run, files)))
}

/// Download the notebook with the outputs of a run.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOK_RUN_NOTEBOOK,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The notebook; by range if asked for", body = [u8], content_type = "application/octet-stream"), (status = 206, description = "A part of the file"), (status = 416, description = "The file has no such part")),
)]
pub(super) async fn download_run_notebook(
    State(app): State<App>,
    Path((username, notebook, id)): NamedRun,
    caller: MaybeApiMember,
    asked: HeaderMap,
) -> Result<Response> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &username, &notebook, viewer.as_ref()).await?;
    send_executed(&app, &seen, id, &asked).await
}

/// Download a file that a run left.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOK_RUN_FILE,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The file; by range if asked for", body = [u8], content_type = "application/octet-stream"), (status = 206, description = "A part of the file"), (status = 416, description = "The file has no such part")),
)]
pub(super) async fn download_run_file(
    State(app): State<App>,
    Path((username, notebook, id, place)): Path<(String, String, RunId, i32)>,
    caller: MaybeApiMember,
    asked: HeaderMap,
) -> Result<Response> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &username, &notebook, viewer.as_ref()).await?;
    send_output(&app, &seen, id, place, &asked).await
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct NotebookRunSubmissionJson {
    /// Of the submission, which is linked to the version.
    submission_id: SubmissionId,
    /// How many of today's submissions are left.
    left: i32,
}

/// Submit the `submission.csv` that a run wrote.
///
/// By all the rules of submissions; sent twice, it is one.
#[utoipa::path(
    post,
    path = paths::API_NOTEBOOK_RUN_SUBMISSION,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    responses((status = 201, description = "It was received", body = NotebookRunSubmissionJson)),
)]
pub(super) async fn submit_run(
    State(app): State<App>,
    Path((username, notebook, id)): NamedRun,
    caller: ApiMember,
) -> Result<(StatusCode, Json<NotebookRunSubmissionJson>)> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let run = read::find(&app, &seen, id).await?;
    let receipt = submit::send(&app, &member, &seen, &run, "").await?;
    let answer =
        NotebookRunSubmissionJson { submission_id: receipt.submission.id, left: receipt.allowance.left() };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Cancel a run.
///
/// A run that waits is gone; one that runs ends within seconds, and stays on record as cancelled. By the author of
/// the notebook, and by who moderates it.
#[utoipa::path(
    post,
    path = paths::API_NOTEBOOK_RUN_CANCEL,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    responses(
        (status = 200, description = "It ran, and is cancelled", body = NotebookRunJson),
        (status = 204, description = "It waited, and is gone"),
    ),
)]
pub(super) async fn cancel_run(
    State(app): State<App>,
    Path((username, notebook, id)): NamedRun,
    caller: ApiMember,
) -> Result<Response> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    Ok(match cancel(&app, &member, &seen, id).await? {
        Cancelled::Withdrawn => StatusCode::NO_CONTENT.into_response(),
        Cancelled::Ended(run) => Json(NotebookRunJson::new(*run, Vec::new())).into_response(),
    })
}
