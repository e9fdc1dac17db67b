//! Scoring versions as JSON.

mod committed;
mod labels;
mod verifying;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use holdout_contract::examine::Finding;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use crate::api::body::ApiJson;
use crate::api::paging::{Keyset, NextPart, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::api::as_host;
use crate::error::{AppError, Result};
use crate::ids::TeamId;
use crate::paths;
use crate::versions::model::{Change, Move, MoveKey, Stage, Version};
use crate::versions::{read, rescore, store};

const VERSIONS_SHOWN: i64 = 100;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_changes, post_begin))
        .routes(routes!(list_versions))
        .routes(routes!(committed::list_commitments))
        .routes(routes!(labels::show_labels, labels::release_labels))
        .routes(routes!(labels::send_labels))
        .routes(routes!(show_version))
        .routes(routes!(show_moves))
        .routes(routes!(post_start))
        .routes(routes!(post_publish))
        .routes(routes!(post_roll_back))
        .routes(routes!(post_abandon))
        .routes(routes!(post_retry))
        .routes(routes!(verifying::list_verifications, verifying::post_verification))
        .routes(routes!(verifying::show_verification))
}

/// Something that happened to a version once everything was to be scored under it.
#[derive(Serialize, utoipa::ToSchema)]
struct ChangeJson {
    id: i64,
    version: i32,
    /// The one that counted before, where another one counts from then on.
    previous_version: Option<i32>,
    /// `start`: every submission began to be scored under it; `abandon`: it was given up; `publish`; or `roll_back`.
    kind: &'static str,
    reason: String,
    by: Option<String>,
    at: DateTime<Utc>,
}

impl From<Change> for ChangeJson {
    fn from(change: Change) -> Self {
        Self {
            id: change.id,
            version: change.number,
            previous_version: change.previous_number,
            kind: change.kind.name(),
            reason: change.reason,
            by: change.actor,
            at: change.at,
        }
    }
}

/// A version as its hosts see it.
#[derive(Serialize, utoipa::ToSchema)]
struct VersionJson {
    number: i32,
    stage: Stage,
    metric: Option<String>,
    params: Value,
    public_fraction: f64,
    /// SHA-256 of the sealed solution.
    solution_sha256: Option<String>,
    reason: String,
    created_at: DateTime<Utc>,
    activated_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    prepared_at: Option<DateTime<Utc>>,
    n_total: i64,
    n_done: i64,
    n_failed: i64,
    n_moved: i64,
    is_examined: bool,
    findings: Vec<Finding>,
}

impl From<Version> for VersionJson {
    fn from(version: Version) -> Self {
        Self {
            n_done: version.n_done(),
            is_examined: version.is_examined(),
            findings: version.findings(),
            number: version.number,
            stage: version.stage,
            metric: version.metric,
            params: version.params,
            public_fraction: version.public_fraction,
            solution_sha256: version.solution_sha256.map(hex::encode),
            reason: version.reason,
            created_at: version.created_at,
            activated_at: version.activated_at,
            started_at: version.started_at,
            prepared_at: version.prepared_at,
            n_total: version.n_total,
            n_failed: version.n_failed,
            n_moved: version.n_moved,
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct MoveJson {
    team_id: TeamId,
    team: String,
    /// Places; a team that comes or goes moves all of them.
    distance: i32,
    old_rank: Option<i32>,
    new_rank: Option<i32>,
    /// Public scores. Before the end they have the decimals that the board shows.
    old_score: Option<f64>,
    new_score: Option<f64>,
    /// Once a final board stands.
    old_final_rank: Option<i32>,
    new_final_rank: Option<i32>,
}

impl From<Move> for MoveJson {
    fn from(moved: Move) -> Self {
        Self {
            team_id: moved.team_id,
            team: moved.team,
            distance: moved.distance,
            old_rank: moved.old_rank,
            new_rank: moved.new_rank,
            old_score: moved.old_score,
            new_score: moved.new_score,
            old_final_rank: moved.old_final_rank,
            new_final_rank: moved.new_final_rank,
        }
    }
}

/// Every version that was ever scored, also one that was given up: what happened to it when, and why.
#[utoipa::path(
    get,
    path = paths::API_VERSIONS,
    operation_id = "list_version_changes",
    tag = "Rescoring",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Changes, newest first", body = Slice<ChangeJson>)),
)]
async fn show_changes(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<ChangeJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &slug, viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let changes = store::changes(&mut conn, seen.competition.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(changes, |change| change.id).map(ChangeJson::from))
}

async fn shown(app: &App, seen: &Seen, number: i32) -> Result<Json<VersionJson>> {
    let mut conn = app.db.acquire().await?;
    Ok(Json(rescore::find(&mut conn, seen, number).await?.into()))
}

#[derive(Serialize, utoipa::ToSchema)]
struct VersionsJson {
    items: Vec<VersionJson>,
}

/// Every scoring version, as hosts see them: newest first, at most 100.
#[utoipa::path(
    get,
    path = paths::API_HOST_VERSIONS,
    tag = "Rescoring",
    security(("token" = ["host"])),
    responses((status = 200, description = "The versions", body = VersionsJson)),
)]
async fn list_versions(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<VersionsJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let versions = store::list(&mut conn, seen.competition.id, VERSIONS_SHOWN).await?;
    Ok(Json(VersionsJson { items: versions.into_iter().map(VersionJson::from).collect() }))
}

/// A scoring version, as its hosts see it.
#[utoipa::path(
    get,
    path = paths::API_VERSION,
    tag = "Rescoring",
    security(("token" = ["host"])),
    responses((status = 200, description = "The version", body = VersionJson)),
)]
async fn show_version(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    caller: ApiMember,
) -> Result<Json<VersionJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    shown(&app, &seen, number).await
}

/// Begin a new scoring version.
#[utoipa::path(
    post,
    path = paths::API_VERSIONS,
    operation_id = "begin_version",
    tag = "Rescoring",
    security(("token" = ["host"])),
    responses((status = 201, description = "The version, a copy of the one that counts", body = VersionJson)),
)]
async fn post_begin(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<(StatusCode, Json<VersionJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let number = rescore::begin(&app, &host, &seen).await?;
    Ok((StatusCode::CREATED, shown(&app, &seen, number).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct MovesQuery {
    after: Option<String>,
    limit: Option<i64>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct MovesJson {
    items: Vec<MoveJson>,
    /// `after` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Which teams would move if the version were published.
#[utoipa::path(
    get,
    path = paths::API_VERSION_MOVES,
    operation_id = "list_moves",
    tag = "Rescoring",
    security(("token" = ["host"])),
    params(MovesQuery),
    responses((status = 200, description = "Teams, those that move farthest first", body = MovesJson)),
)]
async fn show_moves(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    ApiQuery(query): ApiQuery<MovesQuery>,
    caller: ApiMember,
) -> Result<(NextPart, Json<MovesJson>)> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let after = MoveKey::read(query.after.as_deref())
        .ok_or_else(|| AppError::field("after", "Take `after` from `next` of the part before."))?;
    let limit = usize::try_from(query.limit.unwrap_or(50).clamp(1, 200)).unwrap_or(usize::MAX);
    let part = read::moves(&app, &seen, number, (after, limit), app.clock.now()).await?;
    let next = part.next.map(|key| key.to_string());
    let link = NextPart::new("after", next.as_ref());
    Ok((link, Json(MovesJson { items: part.moves.into_iter().map(MoveJson::from).collect(), next })))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ReasonJson {
    #[schema(example = "Row 17 of the solution was wrong.")]
    reason: String,
}

/// Score everything under the version, beside what counts.
#[utoipa::path(
    post,
    path = paths::API_VERSION_START,
    operation_id = "start_version",
    tag = "Rescoring",
    security(("token" = ["host"])),
    request_body = ReasonJson,
    responses((status = 200, description = "The version", body = VersionJson)),
)]
async fn post_start(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    caller: ApiMember,
    body: Result<ApiJson<ReasonJson>>,
) -> Result<Json<VersionJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    rescore::start(&app, &host, &seen, number, &body?.0.reason).await?;
    shown(&app, &seen, number).await
}

/// Make the version count.
#[utoipa::path(
    post,
    path = paths::API_VERSION_PUBLISH,
    operation_id = "publish_version",
    tag = "Rescoring",
    security(("token" = ["host"])),
    responses((status = 200, description = "The version", body = VersionJson)),
)]
async fn post_publish(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    caller: ApiMember,
) -> Result<Json<VersionJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    rescore::publish(&app, &host, &seen, number).await?;
    shown(&app, &seen, number).await
}

/// Return to a version that counted before.
#[utoipa::path(
    post,
    path = paths::API_VERSION_ROLL_BACK,
    operation_id = "roll_back_version",
    tag = "Rescoring",
    security(("token" = ["host"])),
    request_body = ReasonJson,
    responses((status = 200, description = "The version", body = VersionJson)),
)]
async fn post_roll_back(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    caller: ApiMember,
    body: Result<ApiJson<ReasonJson>>,
) -> Result<Json<VersionJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    rescore::roll_back(&app, &host, &seen, number, &body?.0.reason).await?;
    shown(&app, &seen, number).await
}

/// Give a version up that never counted.
#[utoipa::path(
    post,
    path = paths::API_VERSION_ABANDON,
    operation_id = "abandon_version",
    tag = "Rescoring",
    security(("token" = ["host"])),
    responses((status = 200, description = "The version", body = VersionJson)),
)]
async fn post_abandon(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    caller: ApiMember,
) -> Result<Json<VersionJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    rescore::abandon(&app, &host, &seen, number).await?;
    shown(&app, &seen, number).await
}

/// Score again what broke off by a fault of the platform.
#[utoipa::path(
    post,
    path = paths::API_VERSION_RETRY,
    operation_id = "retry_version",
    tag = "Rescoring",
    security(("token" = ["host"])),
    responses((status = 200, description = "The version", body = VersionJson)),
)]
async fn post_retry(
    State(app): State<App>,
    Path((slug, number)): Path<(String, i32)>,
    caller: ApiMember,
) -> Result<Json<VersionJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    rescore::retry(&app, &host, &seen, number).await?;
    shown(&app, &seen, number).await
}
