//! The caller's team's write-up as JSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::model::WriteUp;
use super::{bind, read};
use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::Result;
use crate::ids::TopicId;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_write_up, bind_write_up, unbind_write_up))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct WriteUpJson {
    topic: TopicId,
    title: String,
    address: String,
    bound_at: DateTime<Utc>,
    /// Whether the leaderboard leads there: what is hidden or deleted is not.
    is_shown: bool,
}

impl From<WriteUp> for WriteUpJson {
    fn from(write_up: WriteUp) -> Self {
        Self {
            address: write_up.address(),
            topic: write_up.id,
            title: write_up.title,
            bound_at: write_up.bound_at,
            is_shown: write_up.is_shown,
        }
    }
}

async fn own(app: &App, slug: &str, member: &Member) -> Result<Json<WriteUpJson>> {
    let seen = access::see(app, slug, Some(member)).await?;
    Ok(Json(read::own(app, &seen).await?.into()))
}

/// The topic in which your team tells how it did it.
#[utoipa::path(
    get,
    path = paths::API_TEAM_WRITE_UP,
    tag = "Teams",
    security(("token" = ["read"])),
    responses((status = 200, description = "The topic that was chosen", body = WriteUpJson)),
)]
async fn show_write_up(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<WriteUpJson>> {
    own(&app, &slug, &caller.with(Scope::Read)?).await
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ChosenTopicJson {
    /// In the competition's forum, and written by somebody in the team.
    topic: TopicId,
}

/// Choose your team's solution write-up, once the competition is over.
///
/// Its row of the final board leads there, and the topic says whose it is.
#[utoipa::path(
    put,
    path = paths::API_TEAM_WRITE_UP,
    tag = "Teams",
    security(("token" = ["submit"])),
    request_body = ChosenTopicJson,
    responses((status = 200, description = "It is chosen, in place of any other", body = WriteUpJson)),
)]
async fn bind_write_up(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<ChosenTopicJson>>,
) -> Result<Json<WriteUpJson>> {
    let member = caller.with(Scope::Submit)?;
    access::see(&app, &slug, Some(&member)).await?;
    bind::bind(&app, &member, &slug, body?.0.topic).await?;
    own(&app, &slug, &member).await
}

/// Take the choice back; the topic stays.
#[utoipa::path(
    delete,
    path = paths::API_TEAM_WRITE_UP,
    tag = "Teams",
    security(("token" = ["submit"])),
    responses((status = 204, description = "None is chosen")),
)]
async fn unbind_write_up(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<StatusCode> {
    bind::unbind(&app, &caller.with(Scope::Submit)?, &slug).await?;
    Ok(StatusCode::NO_CONTENT)
}
