//! Runs of notebooks as that client asks for them: how the newest of a version goes, what it left, and its
//! predictions as a submission. Its push runs nothing: a run is asked for on the notebook's page, or with `holdout`.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::AppError;
use crate::ids::RunId;
use crate::kaggle::downloads::{bearer, dated, redirect, sign};
use crate::kaggle::notebooks::{KernelAsk, see};
use crate::kaggle::submissions::{Created, told};
use crate::kaggle::uploads::{entrant, origin};
use crate::kaggle::wire::Fault;
use crate::notebooks::access::{self, SeenNotebook};
use crate::notebooks::runs::model::{Run, RunFile, RunState, SUBMISSION};
use crate::notebooks::runs::read::send_output;
use crate::notebooks::runs::store;
use crate::notebooks::runs::submit::send;
use crate::paths;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_message: Option<String>,
}

/// How the newest run goes. A version that was never run is complete as it was pushed.
///
/// # Errors
/// A sentence where there is no such notebook.
pub async fn status(app: &App, member: &Member, ask: &KernelAsk) -> Result<Status, Fault> {
    let seen = see(app, member, ask).await?;
    let Some((run, _)) = newest(app, &seen, ask).await? else {
        return Ok(Status { status: "COMPLETE", failure_message: None });
    };
    let status = match run.state {
        RunState::Waiting => "QUEUED",
        RunState::Running => "RUNNING",
        RunState::Ran => "COMPLETE",
        RunState::CellFailed | RunState::Stopped | RunState::Failed => "ERROR",
        RunState::Cancelled => "CANCEL_ACKNOWLEDGED",
    };
    let failure_message = (status == "ERROR").then(|| run.sentence());
    Ok(Status { status, failure_message })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    files: Vec<OutputFile>,
    log: String,
    next_page_token: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OutputFile {
    url: String,
    file_name: String,
}

/// What the newest run left, at addresses that need no other credential, and what it printed.
///
/// # Errors
/// A sentence where there is no such notebook.
pub async fn output(
    app: &App,
    member: &Member,
    headers: &HeaderMap,
    ask: &KernelAsk,
) -> Result<Output, Fault> {
    let seen = see(app, member, ask).await?;
    let Some((run, files)) = newest(app, &seen, ask).await? else {
        return Ok(Output { files: Vec::new(), log: String::new(), next_page_token: "" });
    };
    let origin = origin(app, headers);
    let files = files.into_iter().map(|file| OutputFile {
        url: origin.clone() + &address(app, member, &seen, &run, &file),
        file_name: file.path,
    });
    let said = [run.log.as_str(), run.traceback()].into_iter().filter(|text| !text.is_empty());
    let log: Vec<_> =
        said.map(|text| json!({ "stream_name": "stdout", "time": 0.0, "data": text })).collect();
    Ok(Output { files: files.collect(), log: json!(log).to_string(), next_page_token: "" })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Files {
    files: Vec<FileLine>,
    next_page_token: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileLine {
    name: String,
    size: i64,
    creation_date: String,
}

/// Names and sizes of what the newest run left.
///
/// # Errors
/// A sentence where there is no such notebook.
pub async fn files(app: &App, member: &Member, ask: &KernelAsk) -> Result<Files, Fault> {
    let seen = see(app, member, ask).await?;
    let Some((run, files)) = newest(app, &seen, ask).await? else {
        return Ok(Files { files: Vec::new(), next_page_token: "" });
    };
    let date = made_at(&run).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let line =
        |file: RunFile| FileLine { name: file.path, size: file.size_bytes, creation_date: date.clone() };
    Ok(Files { files: files.into_iter().map(line).collect(), next_page_token: "" })
}

/// Leads to one file that the newest run left.
///
/// # Errors
/// A sentence where there is none, and for all of them at once.
pub async fn download(app: &App, member: &Member, ask: &KernelAsk) -> Result<Response, Fault> {
    let seen = see(app, member, ask).await?;
    let (run, files) = newest(app, &seen, ask).await?.ok_or_else(|| never_run(&seen, ask))?;
    let Some(file) = files.iter().find(|file| file.path == ask.file_path) else {
        let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let there = if names.is_empty() { "no file".to_owned() } else { names.join(", ") };
        return Err(Fault::missing(format!("Name one of the files that this run left: {there}.")));
    };
    redirect(&address(app, member, &seen, &run, file))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CodeAsk {
    competition_name: String,
    kernel_owner: String,
    kernel_slug: String,
    kernel_version: i32,
    file_name: String,
    submission_description: String,
}

/// Submits the predictions that a version's newest run wrote.
///
/// # Errors
/// A sentence for what was not run, ran for another competition, or wrote no such file; those of submissions.
pub async fn submit(app: &App, member: &Member, code: CodeAsk) -> Result<Created, Fault> {
    let entrant = entrant(app, member, &code.competition_name).await?;
    let ask = KernelAsk::of(&code.kernel_owner, &code.kernel_slug, code.kernel_version);
    let seen = see(app, member, &ask).await?;
    let belongs = seen.competition.as_ref().is_some_and(|own| own.competition.id == entrant.competition.id);
    if !belongs {
        return Err(Fault::wrong("This notebook belongs to another competition, or to none."));
    }
    if !["", SUBMISSION].contains(&code.file_name.as_str()) {
        return Err(Fault::wrong(format!(
            "Of what a run writes, the file {SUBMISSION} is submitted: use -f {SUBMISSION}."
        )));
    }
    let (run, _) = newest(app, &seen, &ask).await?.ok_or_else(|| never_run(&seen, &ask))?;
    if run.state.is_open() {
        return Err(Fault::wrong(format!("{} Submit when it is done.", run.sentence())));
    }
    let receipt = send(app, member, &seen, &run, code.submission_description.trim()).await?;
    told(app, &entrant, &receipt.submission).await
}

fn never_run(seen: &SeenNotebook, ask: &KernelAsk) -> Fault {
    let (owner, slug) = (&seen.notebook.owner_username, &seen.notebook.slug);
    let number = ask.number().unwrap_or(seen.notebook.latest);
    Fault::missing(format!(
        "Version {number} of this notebook was not run here. Its author has it run with `holdout notebook run {owner}/{slug}`, or on \
         its page."
    ))
}

async fn newest(
    app: &App,
    seen: &SeenNotebook,
    ask: &KernelAsk,
) -> Result<Option<(Run, Vec<RunFile>)>, Fault> {
    let number = ask.number().unwrap_or(seen.notebook.latest);
    let mut conn = app.db.acquire().await?;
    let Some(id) = store::newest(&mut conn, seen.notebook.id, number).await? else { return Ok(None) };
    let run = store::find(&mut conn, seen.notebook.id, id).await?.ok_or(AppError::NotFound)?;
    let files = store::files(&mut conn, id).await?;
    Ok(Some((run, files)))
}

fn made_at(run: &Run) -> DateTime<Utc> {
    run.finished_at.unwrap_or(run.asked_at)
}

fn address(app: &App, member: &Member, seen: &SeenNotebook, run: &Run, file: &RunFile) -> String {
    let (owner, slug) = (&seen.notebook.owner_username, &seen.notebook.slug);
    let ticket = sign(app, member, &subject(owner, slug, run.id, file.place));
    paths::kaggle_run_file(&ticket, owner, slug, run.id, file.place, file.name())
}

fn subject(owner: &str, slug: &str, run: RunId, place: i32) -> String {
    format!("run {owner} {slug} {run} {place}")
}

/// The file behind such an address, for whom it was made, who must see the notebook still.
pub async fn send_file(
    State(app): State<App>,
    Path((ticket, owner, slug, run, place, _)): Path<(String, String, String, RunId, i32, String)>,
    asked: HeaderMap,
) -> Result<Response, Fault> {
    let member = bearer(&app, &ticket, &subject(&owner, &slug, run, place)).await?;
    let seen = access::see(&app, &owner, &slug, Some(&member)).await?;
    let mut conn = app.db.acquire().await?;
    let known = store::find(&mut conn, seen.notebook.id, run).await?.ok_or(AppError::NotFound)?;
    drop(conn);
    let response = send_output(&app, &seen, run, place, &asked).await?;
    Ok(dated(response, Some(made_at(&known))))
}
