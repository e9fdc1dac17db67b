//! Decisions as JSON, for hosts.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::api::body::ApiJson;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::api::as_host;
use crate::conduct::judge::{self, Target};
use crate::conduct::model::Decision;
use crate::conduct::store;
use crate::error::{AppError, Result};
use crate::ids::{DisqualificationId, SubmissionId, TeamId};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_disqualifications, disqualify)).routes(routes!(reinstate))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct DisqualificationJson {
    id: DisqualificationId,
    team_id: TeamId,
    team: String,
    /// Null: the whole team.
    submission_id: Option<SubmissionId>,
    reason: String,
    decided_by: String,
    decided_at: DateTime<Utc>,
    /// Null while it lasts.
    lifted_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    lifted_by: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    lifted_because: String,
}

impl From<Decision> for DisqualificationJson {
    fn from(decision: Decision) -> Self {
        let Decision {
            id,
            team_id,
            team,
            submission_id,
            reason,
            decided_by,
            decided_at,
            lifted_by,
            lifted_at,
            lifted_because,
        } = decision;
        Self {
            id,
            team_id,
            team,
            submission_id,
            reason,
            decided_by,
            decided_at,
            lifted_at,
            lifted_by,
            lifted_because,
        }
    }
}

/// What is and was disqualified, newest first.
#[utoipa::path(
    get,
    path = paths::API_DISQUALIFICATIONS,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(Keyset),
    responses((status = 200, description = "Decisions, those that were lifted too", body = Slice<DisqualificationJson>)),
)]
async fn list_disqualifications(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<DisqualificationJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let decisions = store::list(&mut conn, seen.competition.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(decisions, |decision| decision.id.0).map(DisqualificationJson::from))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct DisqualifyJson {
    /// Name of a team; or give `submission_id`.
    team: Option<String>,
    submission_id: Option<SubmissionId>,
    /// Told to the team.
    #[schema(max_length = 1000, example = "Labels were shared between teams.")]
    reason: String,
}

/// Disqualify a team or a submission: off every board, while it lasts.
#[utoipa::path(
    post,
    path = paths::API_DISQUALIFICATIONS,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = DisqualifyJson,
    responses((status = 201, description = "Boards and medals have followed, and the team was told", body = DisqualificationJson)),
)]
async fn disqualify(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<DisqualifyJson>>,
) -> Result<(StatusCode, Json<DisqualificationJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let ApiJson(wish) = body?;
    let target = match (wish.team, wish.submission_id) {
        (Some(name), None) => Target::Team(name),
        (None, Some(id)) => Target::Submission(id),
        _ => return Err(AppError::field("team", "Give either `team` or `submission_id`.")),
    };
    let outcome = judge::disqualify(&app, &host, &slug, &target, &wish.reason).await;
    let id = outcome.map_err(|error| error.renamed("submission", "submission_id"))?;
    Ok((StatusCode::CREATED, Json(document(&app, &seen, id).await?)))
}

async fn document(app: &App, seen: &Seen, id: DisqualificationId) -> Result<DisqualificationJson> {
    let found = store::find(&mut *app.db.acquire().await?, seen.competition.id, id).await?;
    Ok(found.ok_or(AppError::NotFound)?.into())
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ReinstateJson {
    /// Told to the team.
    #[schema(max_length = 1000, example = "The two files came from a public notebook.")]
    reason: String,
}

/// Reinstate what was disqualified.
#[utoipa::path(
    post,
    path = paths::API_DISQUALIFICATION_LIFT,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = ReinstateJson,
    responses((status = 200, description = "Boards and medals have followed, and the team was told", body = DisqualificationJson)),
)]
async fn reinstate(
    State(app): State<App>,
    Path((slug, id)): Path<(String, DisqualificationId)>,
    caller: ApiMember,
    body: Result<ApiJson<ReinstateJson>>,
) -> Result<Json<DisqualificationJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    judge::reinstate(&app, &host, &slug, id, &body?.0.reason).await?;
    Ok(Json(document(&app, &seen, id).await?))
}
