//! Notebooks as they come in: new ones, versions, forks.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Named, NamedVersion, NotebookJson, NotebookVersionJson, document};
use crate::accounts::model::{Member, Scope};
use crate::api::query::ApiQuery;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions;
use crate::competitions::access::Seen;
use crate::error::{AppError, Result};
use crate::notebooks::model::TypedDetails;
use crate::notebooks::push::{self, Pushed, Upload, Wish};
use crate::notebooks::{access, ipynb};
use crate::paths;
use crate::web::upload::receive_request;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct PushedJson {
    notebook: NotebookJson,
    version: NotebookVersionJson,
    /// `false` when the newest version had these bytes already: no other was made.
    is_new: bool,
}

async fn pushed(app: &App, member: &Member, pushed: Pushed) -> Result<(StatusCode, Json<PushedJson>)> {
    let seen = access::see_by_id(app, pushed.notebook.id, Some(member)).await?;
    let status = if pushed.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let notebook = document(app, seen, Some(member)).await?;
    Ok((status, Json(PushedJson { notebook, version: pushed.version.into(), is_new: pushed.is_new })))
}

/// What is said about a notebook that is sent.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct PushQuery {
    /// Made from the notebook when left out.
    title: Option<String>,
    /// Its name in addresses; made from the title when left out.
    name: Option<String>,
    /// The competition that it belongs to; stays for good.
    #[param(example = "house-prices")]
    competition: Option<String>,
    /// `private`, `team` or `public`; `private` when left out.
    visibility: Option<String>,
    /// An SPDX name, or `none`; `Apache-2.0` when left out.
    licence: Option<String>,
    /// At most six, separated by commas.
    tags: Option<String>,
    /// What is new in this version.
    message: Option<String>,
}

/// A form with a file, as it is described.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "forms are read as they arrive; this is their description")]
pub(super) struct NotebookForm {
    #[schema(value_type = String, format = Binary)]
    file: (),
    title: Option<String>,
    name: Option<String>,
    competition: Option<String>,
    visibility: Option<String>,
    licence: Option<String>,
    tags: Option<String>,
    message: Option<String>,
}

/// A received file and everything that was said with it.
struct Sent {
    upload: Upload,
    said: BTreeMap<&'static str, String>,
}

impl Sent {
    fn take(&mut self, name: &str) -> String {
        self.said.remove(name).unwrap_or_default()
    }
}

/// Streams a form's `file`, or the whole body, to storage. What the form says counts before the query.
async fn take(app: &App, owner: &Member, query: PushQuery, request: Request) -> Result<Sent> {
    let mut said: BTreeMap<&'static str, String> = [
        ("title", query.title),
        ("name", query.name),
        ("competition", query.competition),
        ("visibility", query.visibility),
        ("licence", query.licence),
        ("tags", query.tags),
        ("message", query.message),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.unwrap_or_default()))
    .collect();
    let sink = async |_: &_| Ok(app.files.create("notebooks", owner.id.0).await?);
    let received = receive_request(request, "file", ipynb::LARGEST_BYTES, sink).await?;
    for (name, value) in &mut said {
        let typed = received.fields.text(name);
        if !typed.is_empty() {
            typed.clone_into(value);
        }
    }
    let file = received.file.ok_or_else(|| AppError::field("file", "Send the notebook as `file`."))?;
    let message = said.remove("message").unwrap_or_default();
    Ok(Sent { upload: Upload { file_name: file.name, stored: file.stored, message }, said })
}

/// Share a notebook.
///
/// An `.ipynb` file of nbformat 3 or 4, up to 20 MB. Its bytes are kept as they are.
#[utoipa::path(
    post,
    path = paths::API_NOTEBOOKS,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    params(PushQuery, ("X-File-Name" = Option<String>, Header, description = "Name of the file, percent-encoded, when it is the whole body; a notebook without a title and a heading is called by it")),
    request_body(content(([u8] = "application/octet-stream"), (NotebookForm = "multipart/form-data")), description = "The file as the whole body, or as a form's `file`."),
    responses((status = 201, description = "The notebook with its first version", body = PushedJson)),
)]
pub(super) async fn create_notebook(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<PushQuery>,
    caller: ApiMember,
    request: Request,
) -> Result<(StatusCode, Json<PushedJson>)> {
    let member = caller.with(Scope::Submit)?;
    let mut sent = take(&app, &member, query, request).await?;
    let slug = sent.take("competition");
    let competition = named_competition(&app, &slug, &member, &sent).await?;
    let typed = TypedDetails {
        title: sent.take("title"),
        visibility: sent.take("visibility"),
        licence: sent.take("licence"),
        tags: sent.take("tags"),
    };
    let wish = Wish { typed, slug: sent.take("name"), competition };
    let outcome = push::create(&app, &member, wish, sent.upload).await?;
    pushed(&app, &member, outcome).await
}

/// The competition of this name, if one is named; the file is removed where there is none.
async fn named_competition(app: &App, slug: &str, member: &Member, sent: &Sent) -> Result<Option<Seen>> {
    if slug.is_empty() {
        return Ok(None);
    }
    match competitions::access::see(app, slug, Some(member)).await {
        Ok(seen) => Ok(Some(seen)),
        Err(error) => {
            app.files.remove(&sent.upload.stored.key).await?;
            Err(match error {
                AppError::NotFound => AppError::field(
                    "competition",
                    format!("There is no competition “{slug}”, or you may not see it."),
                ),
                other => other,
            })
        }
    }
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct VersionQuery {
    /// What is new in this version.
    message: Option<String>,
}

/// Push another version of your notebook.
///
/// Versions never change. The bytes of the newest version sent again make no other.
#[utoipa::path(
    post,
    path = paths::API_NOTEBOOK_VERSIONS,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    params(VersionQuery),
    request_body(content(([u8] = "application/octet-stream"), (NotebookForm = "multipart/form-data")), description = "The file as the whole body, or as a form's `file`."),
    responses(
        (status = 201, description = "The notebook with its new version", body = PushedJson),
        (status = 200, description = "The newest version has these bytes already", body = PushedJson),
    ),
)]
pub(super) async fn push_notebook_version(
    State(app): State<App>,
    Path((username, notebook)): Named,
    ApiQuery(query): ApiQuery<VersionQuery>,
    caller: ApiMember,
    request: Request,
) -> Result<(StatusCode, Json<PushedJson>)> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    seen.require_owner()?;
    let query = PushQuery { message: query.message, ..PushQuery::default() };
    let sent = take(&app, &member, query, request).await?;
    let outcome = push::push(&app, &member, &seen, sent.upload).await?;
    pushed(&app, &member, outcome).await
}

/// Fork a version into a notebook of your own.
///
/// It is private at first, and stays with the competition.
#[utoipa::path(
    post,
    path = paths::API_NOTEBOOK_FORK,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    responses((status = 201, description = "Your notebook", body = PushedJson)),
)]
pub(super) async fn fork_notebook(
    State(app): State<App>,
    Path((username, notebook, number)): NamedVersion,
    caller: ApiMember,
) -> Result<(StatusCode, Json<PushedJson>)> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let outcome = push::fork(&app, &member, &seen, Some(number)).await?;
    pushed(&app, &member, outcome).await
}
