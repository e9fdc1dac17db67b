//! What is done with notebooks: changed, deleted, linked to submissions, voted for.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{Named, NotebookJson, document};
use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::conditions::{Condition, changed_since};
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::forum::model::Vote;
use crate::forum::{subjects, votes};
use crate::ids::SubmissionId;
use crate::notebooks::access::SeenNotebook;
use crate::notebooks::edit;
use crate::notebooks::model::{TypedDetails, Visibility};
use crate::notebooks::{access, score, store};
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

/// Judges the notebook as it was just read: its document is put together from more than its own row.
async fn hold(condition: &Condition, app: &App, seen: &SeenNotebook, member: &Member) -> Result<()> {
    if condition.is_given() {
        condition.hold(Some(document(app, seen.clone(), Some(member)).await?))?;
    }
    Ok(())
}

/// Whether the row is what [`hold`] judged, once nobody else can change it.
async fn is_still_so(condition: &Condition, conn: &mut PgConnection, seen: &SeenNotebook) -> Result<()> {
    if condition.is_given()
        && store::find_by_id(conn, seen.notebook.id).await?.as_ref() != Some(&seen.notebook)
    {
        return Err(changed_since());
    }
    Ok(())
}

/// Change what is said about your notebook.
///
/// What is left out stays as it is. The competition cannot be changed.
#[utoipa::path(
    patch,
    path = paths::API_NOTEBOOK,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the notebook as the caller read it: change it only if it is still so")),
    request_body = ChangeNotebookJson,
    responses((status = 200, description = "The notebook", body = NotebookJson), (status = 412, description = "It was changed since")),
)]
pub(super) async fn change_notebook(
    State(app): State<App>,
    Path((username, notebook)): Named,
    caller: ApiMember,
    condition: Condition,
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
    hold(&condition, &app, &seen, &member).await?;
    let stands = async |conn: &mut PgConnection| is_still_so(&condition, conn, &seen).await;
    edit::set_details(&app, &seen, &typed, stands).await?;
    let seen = access::see_by_id(&app, seen.notebook.id, Some(&member)).await?;
    document(&app, seen, Some(&member)).await.map(Json)
}

/// Delete your notebook with all its versions.
#[utoipa::path(
    delete,
    path = paths::API_NOTEBOOK,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the notebook as the caller read it: delete it only if it is still so")),
    responses((status = 204, description = "It is gone; what was forked from it stays"), (status = 412, description = "It was changed since")),
)]
pub(super) async fn delete_notebook(
    State(app): State<App>,
    Path((username, notebook)): Named,
    caller: ApiMember,
    condition: Condition,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    hold(&condition, &app, &seen, &member).await?;
    let stands = async |conn: &mut PgConnection| is_still_so(&condition, conn, &seen).await;
    edit::delete(&app, &seen, stands).await?;
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
