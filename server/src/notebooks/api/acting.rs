//! What is done with notebooks: changed, deleted, linked to submissions, voted for.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Named, NotebookJson, document};
use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::forum::model::Vote;
use crate::forum::{subjects, votes};
use crate::ids::SubmissionId;
use crate::notebooks::edit;
use crate::notebooks::model::{TypedDetails, Visibility};
use crate::notebooks::{access, score};
use crate::paths;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeNotebookJson {
    #[schema(example = "A first model")]
    title: Option<String>,
    visibility: Option<Visibility>,
    #[schema(example = "Apache-2.0")]
    licence: Option<String>,
    #[schema(example = json!(["baseline"]))]
    tags: Option<Vec<String>>,
}

/// Change what is said about your notebook.
///
/// What is left out stays as it is. The competition cannot be changed.
#[utoipa::path(
    patch,
    path = paths::API_NOTEBOOK,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    request_body = ChangeNotebookJson,
    responses((status = 200, description = "The notebook", body = NotebookJson)),
)]
pub(super) async fn change_notebook(
    State(app): State<App>,
    Path((username, notebook)): Named,
    caller: ApiMember,
    body: Result<ApiJson<ChangeNotebookJson>>,
) -> Result<Json<NotebookJson>> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let ApiJson(asked) = body?;
    let now = &seen.notebook;
    let typed = TypedDetails {
        title: asked.title.unwrap_or_else(|| now.title.clone()),
        visibility: asked.visibility.unwrap_or(now.visibility).name().to_owned(),
        licence: asked.licence.unwrap_or_else(|| now.licence.clone()),
        tags: asked.tags.unwrap_or_else(|| now.tags.clone()).join(","),
    };
    edit::set_details(&app, &seen, &typed).await?;
    let seen = access::see_by_id(&app, seen.notebook.id, Some(&member)).await?;
    document(&app, seen, Some(&member)).await.map(Json)
}

/// Delete your notebook with all its versions.
#[utoipa::path(
    delete,
    path = paths::API_NOTEBOOK,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    responses((status = 204, description = "It is gone; what was forked from it stays")),
)]
pub(super) async fn delete_notebook(
    State(app): State<App>,
    Path((username, notebook)): Named,
    caller: ApiMember,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    edit::delete(&app, &seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

type NamedSubmission = Path<(String, String, i32, SubmissionId)>;

/// Say that a submission of your team came from this version.
///
/// Whoever sees the notebook then sees its score, as far as it is public.
#[utoipa::path(
    put,
    path = paths::API_NOTEBOOK_SUBMISSION,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    responses((status = 204, description = "It is linked")),
)]
pub(super) async fn link_submission(
    State(app): State<App>,
    Path((username, notebook, number, id)): NamedSubmission,
    caller: ApiMember,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    score::link(&app, &seen, number, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a submission from a notebook.
#[utoipa::path(
    delete,
    path = paths::API_NOTEBOOK_SUBMISSION,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    responses((status = 204, description = "It is not linked any more")),
)]
pub(super) async fn unlink_submission(
    State(app): State<App>,
    Path((username, notebook, _, id)): NamedSubmission,
    caller: ApiMember,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    score::unlink(&app, &seen, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct NotebookVotesJson {
    n_votes: i32,
}

async fn cast(
    app: &App,
    named: (String, String),
    caller: ApiMember,
    vote: Vote,
) -> Result<Json<NotebookVotesJson>> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(app, &named.0, &named.1, Some(&member)).await?;
    let subject = subjects::see(app, seen.notebook.id.into(), Some(&member)).await?;
    Ok(Json(NotebookVotesJson { n_votes: votes::cast(app, &member, &subject, vote).await? }))
}

/// Vote for a notebook: once, and not for your own.
#[utoipa::path(
    put,
    path = paths::API_NOTEBOOK_VOTE,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    responses((status = 200, description = "Its votes", body = NotebookVotesJson)),
)]
pub(super) async fn vote_for_notebook(
    State(app): State<App>,
    Path(named): Named,
    caller: ApiMember,
) -> Result<Json<NotebookVotesJson>> {
    cast(&app, named, caller, Vote::Up).await
}

/// Take your vote back.
#[utoipa::path(
    delete,
    path = paths::API_NOTEBOOK_VOTE,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    responses((status = 200, description = "Its votes", body = NotebookVotesJson)),
)]
pub(super) async fn take_back_vote(
    State(app): State<App>,
    Path(named): Named,
    caller: ApiMember,
) -> Result<Json<NotebookVotesJson>> {
    cast(&app, named, caller, Vote::None).await
}
