//! A person's data, and the end of their account, as a program asks. A token that does this acts for the whole account,
//! so it must have every scope that its owner can give.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::model::Deletion;
use super::{delete, export, store};
use crate::accounts::client::Client;
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export_my_data)).routes(routes!(
        show_deletion,
        ask_for_deletion,
        cancel_deletion
    ))
}

/// Everything the site holds about the caller, as one zip of JSON documents and files.
///
/// Private scores are in it once a competition is over; nothing that signs anybody in is. It is made while it is sent
/// and kept nowhere. A token needs every scope that its owner can give.
#[utoipa::path(
    get,
    path = paths::API_MY_DATA,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    responses((status = 200, description = "The zip", body = Vec<u8>, content_type = "application/zip")),
)]
async fn export_my_data(State(app): State<App>, caller: ApiMember) -> Result<Response> {
    export::export(&app, &caller.with_all()?).await
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct DeletionJson {
    asked_at: DateTime<Utc>,
    /// When the account ends.
    due_at: DateTime<Utc>,
    /// Whether posts and notebooks that others can read go too.
    removes_posts: bool,
}

impl From<Deletion> for DeletionJson {
    fn from(Deletion { asked_at, due_at, removes_posts }: Deletion) -> Self {
        Self { asked_at, due_at, removes_posts }
    }
}

/// When the caller's account ends; not found where nobody asked for it.
#[utoipa::path(
    get,
    path = paths::API_MY_DELETION,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    responses(
        (status = 200, description = "It ends", body = DeletionJson),
        (status = 404, description = "Nobody asked for its end"),
    ),
)]
async fn show_deletion(State(app): State<App>, caller: ApiMember) -> Result<Json<DeletionJson>> {
    let member = caller.with_all()?;
    let found = store::find(&mut *app.db.acquire().await?, member.id).await?;
    Ok(Json(found.ok_or(AppError::NotFound)?.into()))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AskForDeletionJson {
    /// The present one.
    password: String,
    /// Of the authenticator app, or a recovery code, where sign-in takes one.
    code: Option<String>,
    /// Whether posts and notebooks that others can read go too; else they stay, without a name.
    #[serde(default)]
    removes_posts: bool,
}

/// Have the caller's account deleted in seven days. Until then everything works, and it can be cancelled.
///
/// Submissions, final boards, results of teams and votes stay as those of a former member. Whoever hosts a
/// competition alone, or is the only administrator, hands over first.
#[utoipa::path(
    put,
    path = paths::API_MY_DELETION,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    request_body = AskForDeletionJson,
    responses((status = 200, description = "It will end", body = DeletionJson)),
)]
async fn ask_for_deletion(
    State(app): State<App>,
    client: Client,
    caller: ApiMember,
    body: Result<ApiJson<AskForDeletionJson>>,
) -> Result<Json<DeletionJson>> {
    let member = caller.with_all()?;
    let ApiJson(wish) = body?;
    let AskForDeletionJson { password, code, removes_posts } = &wish;
    let wish = delete::Wish { password, code: code.as_deref(), removes_posts: *removes_posts };
    let deletion = delete::ask(&app, &client, &member, wish).await?;
    Ok(Json(deletion.into()))
}

/// Keep the caller's account.
#[utoipa::path(
    delete,
    path = paths::API_MY_DELETION,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    responses((status = 204, description = "It stays"), (status = 404, description = "Nobody asked for its end")),
)]
async fn cancel_deletion(State(app): State<App>, caller: ApiMember) -> Result<StatusCode> {
    delete::cancel(&app, &caller.with_all()?).await?;
    Ok(StatusCode::NO_CONTENT)
}
