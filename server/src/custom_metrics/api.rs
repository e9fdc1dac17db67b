//! Modules and failed submissions as JSON.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use utoipa_axum::router::OpenApiRouter;

use super::choose::{self, Choice};
use super::model::{Failure, Module};
use super::{read, retry, store};
use crate::api::body::ApiJson;
use crate::api::conditions::Condition;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::competitions::access;
use crate::competitions::api::as_host;
use crate::competitions::store::judging;
use crate::competitions::supply;
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, SubmissionId};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_module, put_module))
        .routes(routes!(show_host_metric))
        .routes(routes!(show_failures))
        .routes(routes!(post_retry))
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ModuleJson {
    /// Of the scoring version that names it.
    version: i32,
    file_name: String,
    /// The text of the Python module.
    source: String,
    sha256: String,
    uploaded_at: DateTime<Utc>,
    higher_is_better: bool,
    /// The keyword arguments of its function `score`.
    params: Value,
}

impl From<Module> for ModuleJson {
    fn from(module: Module) -> Self {
        Self {
            sha256: module.sha256_hex(),
            version: module.version,
            file_name: module.file_name,
            source: module.source,
            uploaded_at: module.uploaded_at,
            higher_is_better: module.higher_is_better,
            params: module.params,
        }
    }
}

/// The metric that the host wrote, where they did.
///
/// The module that counts; before the launch the draft's, which only hosts see.
#[utoipa::path(
    get,
    path = paths::API_MODULE,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The module", body = ModuleJson)),
)]
async fn show_module(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<ModuleJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &slug, viewer.as_ref()).await?;
    Ok(Json(read::module(&app, &seen).await?.ok_or(AppError::NotFound)?.into()))
}

/// What the host's own form knows of the metric.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct HostMetricJson {
    /// Of the scoring version that the host works on: one that is being put together, else the one that counts.
    version: i32,
    /// Whether another metric can be chosen now.
    is_open: bool,
    /// Its name in the catalogue; `custom` for a module; `null` until one is chosen.
    metric: Option<String>,
    #[schema(value_type = Object)]
    params: Value,
    #[schema(value_type = Object)]
    context: Value,
    /// For solutions without a `Usage` column.
    public_fraction: f64,
    higher_is_better: Option<bool>,
    /// Where the host wrote the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<ModuleJson>,
    /// Which Python runs modules, as the living scorers say.
    sandboxes: Vec<String>,
    /// Why scorers have none.
    sandbox_refusals: Vec<String>,
}

/// The metric of the version that the host works on, with everything that was set for it.
#[utoipa::path(
    get,
    path = paths::API_HOST_METRIC,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "The metric", body = HostMetricJson)),
)]
async fn show_host_metric(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<HostMetricJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    Ok(Json(host_metric(&mut *app.db.acquire().await?, seen.competition.id).await?))
}

/// The metric at hand; by its tag, writes of a metric are made conditional.
pub(crate) async fn host_metric(conn: &mut PgConnection, id: CompetitionId) -> Result<HostMetricJson> {
    let version = judging::version_at_hand(conn, id).await?;
    let module = store::of_version(conn, version.id).await?;
    let sandboxes = store::sandboxes(conn).await?;
    Ok(HostMetricJson {
        version: version.number,
        is_open: version.activated_at.is_none(),
        metric: version.metric,
        params: version.params,
        context: version.context,
        public_fraction: version.public_fraction,
        higher_is_better: version.higher_is_better,
        module: module.map(ModuleJson::from),
        sandboxes: sandboxes.versions,
        sandbox_refusals: sandboxes.refusals,
    })
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ModuleBody {
    /// The text of the Python module, at most 256 kB.
    source: String,
    #[serde(default)]
    file_name: String,
    higher_is_better: bool,
    #[serde(default)]
    params: Map<String, Value>,
    #[serde(default)]
    context: Map<String, Value>,
    /// For solutions without a `Usage` column.
    #[serde(default = "supply::default_public_fraction")]
    public_fraction: f64,
}

/// Write the metric yourself, in Python.
///
/// The module's function `score(solution, submission, row_id_column_name, …)` is called once for the
/// public rows and once for the private ones. A scorer loads it and runs its doctests at once; ask for the
/// report.
#[utoipa::path(
    put,
    path = paths::API_MODULE,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the host's metric (`/host/metric`) as the caller read it: change it only if it is still so")),
    request_body = ModuleBody,
    responses((status = 200, description = "The module", body = ModuleJson), (status = 412, description = "Somebody changed it since")),
)]
async fn put_module(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<ModuleBody>>,
) -> Result<Json<ModuleJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let ApiJson(body) = body?;
    let choice = Choice {
        file_name: body.file_name,
        source: body.source,
        higher_is_better: body.higher_is_better,
        params: body.params,
        context: body.context,
        public_fraction: supply::checked_public_fraction(body.public_fraction)?,
    };
    let id = seen.competition.id;
    let stands = async |conn: &mut PgConnection| condition.hold(Some(host_metric(conn, id).await?));
    choose::choose(&app, &host, &seen, choice, stands).await?;
    let mut conn = app.db.acquire().await?;
    let version = judging::version_at_hand(&mut conn, seen.competition.id).await?.id;
    let module = store::of_version(&mut conn, version).await?.ok_or(AppError::NotFound)?;
    Ok(Json(module.into()))
}

#[derive(Serialize, utoipa::ToSchema)]
struct FailureJson {
    submission_id: SubmissionId,
    team: String,
    file_name: String,
    received_at: DateTime<Utc>,
    /// What the participant reads, or which fault of ours it was.
    sentence: String,
    /// What the module said; it may hold labels.
    report: Option<String>,
}

impl From<Failure> for FailureJson {
    fn from(failure: Failure) -> Self {
        Self {
            submission_id: failure.submission_id,
            team: failure.team,
            file_name: failure.file_name,
            received_at: failure.received_at,
            sentence: failure.sentence,
            report: failure.report,
        }
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FailuresQuery {
    /// Submissions on which this version's module broke, instead of those that have no score.
    version: Option<i32>,
}

/// Submissions without a score by a fault that is not their senders'.
#[utoipa::path(
    get,
    path = paths::API_FAILURES,
    operation_id = "list_failures",
    tag = "Hosting",
    security(("token" = ["host"])),
    params(FailuresQuery, Keyset),
    responses((status = 200, description = "Failures, newest submission first", body = Slice<FailureJson>)),
)]
async fn show_failures(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(query): ApiQuery<FailuresQuery>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Json<Slice<FailureJson>>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    Ok(Json(read::failures(&app, &seen, query.version, keyset).await?.map(FailureJson::from)))
}

#[derive(Serialize, utoipa::ToSchema)]
struct RetriedJson {
    /// Submissions that wait for their turn again; at most 1,000 at once.
    n_retried: usize,
}

/// Have submissions without a score scored again.
#[utoipa::path(
    post,
    path = paths::API_FAILURES_RETRY,
    operation_id = "retry_failures",
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "How many", body = RetriedJson)),
)]
async fn post_retry(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<RetriedJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    Ok(Json(RetriedJson { n_retried: retry::retry(&app, &host, &seen).await? }))
}
