//! Hosts of a competition, and copies of it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::CompetitionJson;
use super::hosting::{as_host, shown};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::create::Address;
use crate::competitions::settings::Basics;
use crate::competitions::store::cohosts::{self as store, Host};
use crate::competitions::{cohosts, copy};
use crate::error::Result;
use crate::ids::CompetitionId;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_hosts, add_host))
        .routes(routes!(remove_host))
        .routes(routes!(copy_competition))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct HostJson {
    username: String,
    display_name: String,
    added_at: DateTime<Utc>,
    /// Whether they made the competition, and stay its host.
    is_creator: bool,
}

impl From<Host> for HostJson {
    fn from(Host { username, display_name, added_at, is_creator }: Host) -> Self {
        Self { username, display_name, added_at, is_creator }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct HostsJson {
    items: Vec<HostJson>,
}

async fn hosts(app: &App, id: CompetitionId) -> Result<Json<HostsJson>> {
    let found = store::all(&mut *app.db.acquire().await?, id).await?;
    Ok(Json(HostsJson { items: found.into_iter().map(HostJson::from).collect() }))
}

/// Who hosts the competition.
#[utoipa::path(
    get,
    path = paths::API_HOSTS,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "Hosts, in the order in which they came", body = HostsJson)),
)]
async fn list_hosts(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<HostsJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    hosts(&app, seen.competition.id).await
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AddHostJson {
    #[schema(example = "ada")]
    username: String,
}

/// Make a member a host as well.
#[utoipa::path(
    post,
    path = paths::API_HOSTS,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = AddHostJson,
    responses((status = 201, description = "The hosts as they are now", body = HostsJson)),
)]
async fn add_host(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<AddHostJson>>,
) -> Result<(StatusCode, Json<HostsJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    cohosts::add(&app, &host, &seen, &body?.0.username).await?;
    Ok((StatusCode::CREATED, hosts(&app, seen.competition.id).await?))
}

/// Take a host's part away; your own too. Whoever hosted once cannot take part.
#[utoipa::path(
    delete,
    path = paths::API_HOST,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 204, description = "They do not host any more")),
)]
async fn remove_host(
    State(app): State<App>,
    Path((slug, username)): Path<(String, String)>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    cohosts::remove(&app, &host, &seen, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CopyJson {
    #[schema(example = "House prices, once more")]
    title: String,
    /// Made from the title when left out.
    slug: Option<String>,
}

/// Copy a competition that is over as a new draft: pages, limits, data, metric, sealed solution; nobody who took part.
#[utoipa::path(
    post,
    path = paths::API_COPY,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = CopyJson,
    responses((status = 201, description = "The draft", body = CompetitionJson)),
)]
async fn copy_competition(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<CopyJson>>,
) -> Result<(StatusCode, Json<CompetitionJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let ApiJson(wish) = body?;
    let slug = wish.slug.unwrap_or_default();
    let basics = Basics::read(&wish.title, &slug, &seen.competition.subtitle)?;
    let draft = copy::copy(&app, &host, &seen, basics, Address::of(&slug)).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, &draft.slug, &host).await?)))
}
