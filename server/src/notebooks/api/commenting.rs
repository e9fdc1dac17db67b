//! Comments on notebooks as JSON: posts, as in a forum; and who is told of them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::Named;
use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::error::Result;
use crate::forum::api::posts::{NewPostJson, PostJson, WrittenJson, posts_under, write_under};
use crate::forum::subjects;
use crate::notebooks::access;
use crate::notifications::follow;
use crate::notifications::model::Target;
use crate::paths;

/// Everything said about a notebook, newest first.
#[utoipa::path(
    get,
    path = paths::API_NOTEBOOK_COMMENTS,
    tag = "Notebooks",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Posts", body = Slice<PostJson>)),
)]
pub(super) async fn list_comments(
    State(app): State<App>,
    Path((username, notebook)): Named,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<PostJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &username, &notebook, viewer.as_ref()).await?;
    let subject = subjects::see(&app, seen.notebook.id.into(), viewer.as_ref()).await?;
    posts_under(&app, &subject, keyset).await
}

/// Comment on a public notebook, or answer a comment.
#[utoipa::path(
    post,
    path = paths::API_NOTEBOOK_COMMENTS,
    tag = "Notebooks",
    security(("token" = ["submit"])),
    request_body = NewPostJson,
    responses((status = 201, description = "It is written", body = WrittenJson)),
)]
pub(super) async fn write_comment(
    State(app): State<App>,
    Path((username, notebook)): Named,
    caller: ApiMember,
    body: Result<ApiJson<NewPostJson>>,
) -> Result<(StatusCode, Json<WrittenJson>)> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(&app, &username, &notebook, Some(&member)).await?;
    let subject = subjects::see(&app, seen.notebook.id.into(), Some(&member)).await?;
    write_under(&app, &member, &subject, body).await
}

async fn set_following(
    app: &App,
    named: (String, String),
    caller: ApiMember,
    is_following: bool,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = access::see(app, &named.0, &named.1, Some(&member)).await?;
    follow::set(app, &member, Target::Subject(seen.notebook.id.into()), is_following).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Follow a notebook.
#[utoipa::path(
    put,
    path = paths::API_NOTEBOOK_FOLLOW,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "You are told what is said about it")),
)]
pub(super) async fn follow_notebook(
    State(app): State<App>,
    Path(named): Named,
    caller: ApiMember,
) -> Result<StatusCode> {
    set_following(&app, named, caller, true).await
}

/// Do not follow a notebook any more.
#[utoipa::path(
    delete,
    path = paths::API_NOTEBOOK_FOLLOW,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "You are not told any more")),
)]
pub(super) async fn unfollow_notebook(
    State(app): State<App>,
    Path(named): Named,
    caller: ApiMember,
) -> Result<StatusCode> {
    set_following(&app, named, caller, false).await
}
