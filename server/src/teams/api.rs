//! Joining as JSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::{AppError, Result};
use crate::ids::TeamId;
use crate::paths;
use crate::teams::join::join;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post_join))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct JoinJson {
    accept_rules: bool,
}

#[derive(Serialize, utoipa::ToSchema)]
struct JoinedJson {
    team_id: TeamId,
    team: String,
    /// After the end: what this team sends is scored and never ranked.
    is_late: bool,
}

/// Accept the rules and take part.
#[utoipa::path(
    post,
    path = paths::API_JOIN,
    operation_id = "join_competition",
    tag = "Taking part",
    security(("token" = ["submit"])),
    request_body = JoinJson,
    responses((status = 201, description = "The caller takes part", body = JoinedJson)),
)]
async fn post_join(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<JoinJson>>,
) -> Result<(StatusCode, Json<JoinedJson>)> {
    let member = caller.with(Scope::Submit)?;
    access::see(&app, &slug, Some(&member)).await?;
    if !body?.0.accept_rules {
        return Err(AppError::field("accept_rules", "Send {\"accept_rules\": true} to accept the rules."));
    }
    let joined = join(&app, &member, &slug).await?;
    let json = JoinedJson { team_id: joined.team_id, team: joined.team_name, is_late: joined.is_late };
    Ok((StatusCode::CREATED, Json(json)))
}
