//! Downloads: a call is answered with a redirect to a signed address on this house, whose last part
//! is the name under which the client saves. What it may fetch is asked again when it fetches.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::accounts::model::Member;
use crate::accounts::store::users;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::download::{self, Download};
use crate::competitions::store::data::{self, DataFile};
use crate::error::AppError;
use crate::ids::SubmissionId;
use crate::kaggle::competitions::{not_joined, see};
use crate::kaggle::submissions::own;
use crate::kaggle::wire::Fault;
use crate::paths;
use crate::submissions::read::download_of;
use crate::web::format::http_date;

/// The name of the address at which all files are one.
pub const ARCHIVE: &str = "archive.zip";

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DataAsk {
    competition_name: String,
    file_name: String,
}

/// All files as one zip.
///
/// # Errors
/// A sentence for those who may not have them.
pub async fn archive(app: &App, member: &Member, ask: DataAsk) -> Result<Response, Fault> {
    let seen = see(app, member, &ask.competition_name).await?;
    may_download(app, &seen)?;
    let slug = &seen.competition.slug;
    let ticket = sign(app, member, &archive_subject(slug));
    redirect(&paths::kaggle_archive(&ticket, slug))
}

/// One file.
///
/// # Errors
/// As [`archive`]; a sentence when there is no such file.
pub async fn file(app: &App, member: &Member, ask: DataAsk) -> Result<Response, Fault> {
    let seen = see(app, member, &ask.competition_name).await?;
    may_download(app, &seen)?;
    let slug = &seen.competition.slug;
    let file = download::find(app, &seen, &ask.file_name).await.map_err(|error| match error {
        AppError::NotFound => Fault::missing(format!(
            "This competition has no file “{}”. `kaggle competitions files {slug}` shows those it has.",
            ask.file_name
        )),
        other => other.into(),
    })?;
    let ticket = sign(app, member, &file_subject(slug, &file.name));
    redirect(&paths::kaggle_file(&ticket, slug, &file.name))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SubmissionAsk {
    submission_id: i64,
}

/// A file that the member's team sent.
///
/// # Errors
/// A sentence when it is not theirs.
pub async fn submission(app: &App, member: &Member, ask: SubmissionAsk) -> Result<Response, Fault> {
    let (_, submission) = own(app, member, SubmissionId(ask.submission_id)).await?;
    let name = crate::competitions::settings::file_name_from(&submission.file_name);
    let ticket = sign(app, member, &submission_subject(submission.id.0, &name));
    redirect(&paths::kaggle_submission_file(&ticket, submission.id, &name))
}

pub async fn send_archive(
    State(app): State<App>,
    Path((ticket, slug)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let member = bearer(&app, &ticket, &archive_subject(&slug)).await?;
    let seen = access::see(&app, &slug, Some(&member)).await?;
    may_download(&app, &seen)?;
    let mut conn = app.db.acquire().await?;
    let mut files = data::all(&mut conn, seen.competition.id).await?;
    drop(conn);
    files.retain(DataFile::is_for_participants);
    let changed_at = files.iter().map(|file| file.uploaded_at).max();
    let response = download::send_measured_zip(app.files.clone(), &format!("{slug}.zip"), files)?;
    Ok(dated(response, changed_at))
}

pub async fn send_file(
    State(app): State<App>,
    Path((ticket, slug, name)): Path<(String, String, String)>,
    asked: HeaderMap,
) -> Result<Response, Fault> {
    let member = bearer(&app, &ticket, &file_subject(&slug, &name)).await?;
    let seen = access::see(&app, &slug, Some(&member)).await?;
    may_download(&app, &seen)?;
    let file = download::find(&app, &seen, &name).await?;
    let response = download::send(&app.files, &Download::from(&file), &asked).await?;
    Ok(dated(response, Some(file.uploaded_at)))
}

pub async fn send_submission(
    State(app): State<App>,
    Path((ticket, id, name)): Path<(String, i64, String)>,
    asked: HeaderMap,
) -> Result<Response, Fault> {
    let member = bearer(&app, &ticket, &submission_subject(id, &name)).await?;
    let (_, submission) = own(&app, &member, SubmissionId(id)).await?;
    let response = download::send(&app.files, &download_of(&submission)?, &asked).await?;
    Ok(dated(response, Some(submission.received_at)))
}

fn may_download(app: &App, seen: &Seen) -> Result<(), Fault> {
    if seen.standing.team_id.is_none() && !seen.standing.is_host {
        return Err(not_joined(app, seen));
    }
    Ok(download::may_download(seen, true, seen.competition.phase(app.clock.now()))?)
}

fn archive_subject(slug: &str) -> String {
    format!("archive {slug}")
}

fn file_subject(slug: &str, name: &str) -> String {
    format!("file {slug} {name}")
}

fn submission_subject(id: i64, name: &str) -> String {
    format!("submission {id} {name}")
}

pub(super) fn sign(app: &App, member: &Member, subject: &str) -> String {
    app.kaggle.sign(member.id, subject, app.clock.now())
}

/// Whose ticket it is, unless the account was suspended since.
pub(super) async fn bearer(app: &App, ticket: &str, subject: &str) -> Result<Member, Fault> {
    let user = app.kaggle.bearer(ticket, subject, app.clock.now()).ok_or(AppError::NotFound)?;
    let mut conn = app.db.acquire().await?;
    let known = users::credentials_by_id(&mut conn, user).await?.ok_or(AppError::NotFound)?;
    if known.suspended_at.is_some() { Err(AppError::NotFound.into()) } else { Ok(known.member) }
}

/// 302: the client follows with GET. The target is relative, so that it stays on the way it came.
pub(super) fn redirect(target: &str) -> Result<Response, Fault> {
    let location = HeaderValue::try_from(target).map_err(anyhow::Error::from)?;
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

/// With `Last-Modified` an unchanged local copy is not fetched again.
pub(super) fn dated(mut response: Response, changed_at: Option<DateTime<Utc>>) -> Response {
    let date = changed_at.map(|at| http_date(&at)).and_then(|date| HeaderValue::try_from(date).ok());
    if let Some(date) = date {
        response.headers_mut().insert(header::LAST_MODIFIED, date);
    }
    response
}
