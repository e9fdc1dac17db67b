//! Supplying a competition as JSON: data files, the solution, the metric. Files are sent as the request's body.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use utoipa_axum::router::OpenApiRouter;

use super::hosting::{as_host, shown};
use super::{CompetitionJson, FileJson, ItemsJson};
use crate::api::body::ApiJson;
use crate::api::conditions::Condition;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::files::{self, DATA_LIMIT_BYTES, DataUpload, PutFile};
use crate::competitions::settings::file_name_from;
use crate::competitions::store;
use crate::competitions::supply::{self, MetricChoice, Sealing};
use crate::custom_metrics::api::host_metric;
use crate::error::{AppError, Result};
use crate::ids::CompetitionId;
use crate::paths;
use crate::uploads::model::Purpose;
use crate::uploads::spend::{self, UploadRef};
use crate::web::upload;

pub fn router() -> OpenApiRouter<App> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(super::send_file, put_data, patch_data, remove_data))
        .routes(routes!(show_solution, put_solution))
        .layer(DefaultBodyLimit::disable());
    OpenApiRouter::new()
        .routes(routes!(list_host_data))
        .routes(routes!(super::metric::show_metric, put_metric))
        .merge(uploads)
}

/// Every file of the host's list: those that participants download, and history, which only metrics read.
#[utoipa::path(
    get,
    path = paths::API_HOST_DATA,
    tag = "Hosting",
    operation_id = "list_host_data",
    security(("token" = ["host"])),
    responses((status = 200, description = "The files", body = ItemsJson<FileJson>)),
)]
async fn list_host_data(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<ItemsJson<FileJson>>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let files = store::data::all(&mut conn, seen.competition.id).await?;
    Ok(Json(ItemsJson { items: files.into_iter().map(FileJson::from).collect() }))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct DataQuery {
    /// `train`, `test`, `sample_submission`, `history` or `data`. Left out: as the file of this name before, else `data`.
    role: String,
    description: String,
    /// What changed, where the competition is launched: everybody reads it.
    #[param(max_length = 1000)]
    note: String,
    /// Whether it may take the place of a file of this name that has another role. One of the same role is replaced unasked.
    replace: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = PutFile)]
struct PutFileJson {
    #[serde(flatten)]
    file: FileJson,
    /// Names of the files in whose place it is now: one of this name with other bytes, and the test data, sample submission or
    /// history before.
    replaced: Vec<String>,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct RemovalQuery {
    /// Why, where the competition is launched: everybody reads it.
    #[param(max_length = 1000)]
    note: String,
}

/// Judges a data file by the tag of its download.
async fn hold(condition: &Condition, conn: &mut PgConnection, id: CompetitionId, name: &str) -> Result<()> {
    let file = store::data::find(conn, id, &file_name_from(name)).await?;
    condition.hold_file(file.map(|file| file.sha256_hex()))
}

/// Put a file of data, or replace it. Of test data, sample submission and history there is one file each; training and other
/// data may be many.
#[utoipa::path(
    put,
    path = paths::API_DATA_FILE,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(DataQuery, ("If-Match" = Option<String>, Header, description = "`ETag` of the file's download: replace it only if it is still these bytes"), ("If-None-Match" = Option<String>, Header, description = "`*` for a file that must not be there yet")),
    request_body(content(([u8] = "application/octet-stream"), (UploadRef = "application/json")), description = "The file; or the id of an upload that is whole"),
    responses((status = 200, description = "The file as it is stored, and what it replaced", body = PutFileJson), (status = 409, description = "The upload was used before"), (status = 412, description = "Somebody changed it since")),
)]
async fn put_data(
    State(app): State<App>,
    Path((slug, name)): Path<(String, String)>,
    ApiQuery(query): ApiQuery<DataQuery>,
    caller: ApiMember,
    condition: Condition,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PutFileJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let id = seen.competition.id;
    // Before the bytes are taken in, and once more in the transaction.
    hold(&condition, &mut *app.db.acquire().await?, id, &name).await?;
    let arrived = if spend::is_named(&headers) {
        let named: UploadRef = spend::read_named(body).await?;
        spend::ready(&app, &host, named.upload, Purpose::Data, id).await?.arrived
    } else {
        let sink = app.files.create("data", id.0).await?;
        upload::receive_body(body, DATA_LIMIT_BYTES, sink).await?.1.into()
    };
    let file = DataUpload {
        name: &name,
        role: &query.role,
        description: &query.description,
        note: &query.note,
        may_replace: query.replace,
    };
    let stands = async |conn: &mut PgConnection| hold(&condition, conn, id, &name).await;
    let PutFile { name, replaced } = files::put_data(&app, &host, &seen, &file, arrived, stands).await?;
    let mut conn = app.db.acquire().await?;
    let file = store::data::find(&mut conn, id, &name).await?.ok_or(AppError::NotFound)?;
    Ok(Json(PutFileJson { file: file.into(), replaced }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FileEdit)]
struct DescribeBody {
    /// Up to 1,000 characters.
    #[schema(example = "Houses sold in 2024")]
    description: String,
}

/// Describe a file of data.
#[utoipa::path(
    patch,
    path = paths::API_DATA_FILE,
    operation_id = "describe_data",
    tag = "Hosting",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the file's download: describe it only if it is still these bytes")),
    request_body = DescribeBody,
    responses((status = 200, description = "The file as it is stored", body = FileJson), (status = 412, description = "Somebody changed it since")),
)]
async fn patch_data(
    State(app): State<App>,
    Path((slug, name)): Path<(String, String)>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<DescribeBody>>,
) -> Result<Json<FileJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let id = seen.competition.id;
    let stands = async |conn: &mut PgConnection| hold(&condition, conn, id, &name).await;
    files::describe_data(&app, &seen, &name, &body?.0.description, stands).await?;
    let mut conn = app.db.acquire().await?;
    let file = store::data::find(&mut conn, id, &name).await?.ok_or(AppError::NotFound)?;
    Ok(Json(file.into()))
}

/// Remove a file of data.
#[utoipa::path(
    delete,
    path = paths::API_DATA_FILE,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(RemovalQuery, ("If-Match" = Option<String>, Header, description = "`ETag` of the file's download: remove it only if it is still these bytes")),
    responses((status = 204, description = "The file is gone"), (status = 412, description = "Somebody changed it since")),
)]
async fn remove_data(
    State(app): State<App>,
    Path((slug, name)): Path<(String, String)>,
    ApiQuery(query): ApiQuery<RemovalQuery>,
    caller: ApiMember,
    condition: Condition,
) -> Result<StatusCode> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let id = seen.competition.id;
    let stands = async |conn: &mut PgConnection| hold(&condition, conn, id, &name).await;
    files::remove_data(&app, &host, &seen, &name, &query.note, stands).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct SealedQuery {
    sealed: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SealedJson {
    sealed_sha256: String,
    sealed_bytes: u64,
    recipient: String,
}

/// A sealed solution: that it is there, and nothing of what is in it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SolutionState)]
struct SolutionJson {
    /// Of the scoring version that the host works on: one that is being put together, else the one that counts.
    version: i32,
    /// Whether another solution can be put now.
    is_open: bool,
    /// `null` until one is put.
    sealed_sha256: Option<String>,
    sealed_bytes: Option<i64>,
    uploaded_at: Option<DateTime<Utc>>,
}

/// Whether there is a solution, and which.
///
/// Never a label: what is stored is sealed to the scorers' key.
#[utoipa::path(
    get,
    path = paths::API_SOLUTION,
    tag = "Hosting",
    operation_id = "show_solution",
    security(("token" = ["host"])),
    responses((status = 200, description = "What is stored: sealed bytes", body = SolutionJson)),
)]
async fn show_solution(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<SolutionJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let version = store::judging::version_at_hand(&mut conn, seen.competition.id).await?;
    let stored = match version.solution_id {
        Some(id) => store::judging::solution(&mut conn, id).await?,
        None => None,
    };
    Ok(Json(SolutionJson {
        version: version.number,
        is_open: version.activated_at.is_none(),
        sealed_bytes: stored.as_ref().map(|stored| stored.sealed_bytes),
        uploaded_at: stored.as_ref().map(|stored| stored.uploaded_at),
        sealed_sha256: stored.map(|stored| hex::encode(stored.sealed_sha256)),
    }))
}

/// Put the solution.
///
/// The server cannot read it: only scorers hold the key.
#[utoipa::path(
    put,
    path = paths::API_SOLUTION,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(SealedQuery),
    request_body(content(([u8] = "application/octet-stream"), (UploadRef = "application/json")), description = "The solution: sealed with `age` to the scorer key, or as it is, and then sealed while it arrives; or the id of an upload that is whole"),
    responses((status = 200, description = "What is stored: sealed bytes", body = SealedJson), (status = 409, description = "The upload was used before")),
)]
async fn put_solution(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(query): ApiQuery<SealedQuery>,
    caller: ApiMember,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SealedJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let (arrived, recipient) = if spend::is_named(&headers) {
        let named: UploadRef = spend::read_named(body).await?;
        let id = seen.competition.id;
        spend::ready(&app, &host, named.upload, Purpose::Solution, id).await?.sealed()?
    } else {
        let owner = seen.competition.id.0;
        let (sink, recipient) =
            supply::open_secret(&app, "solutions", owner, Sealing::read(&query.sealed)).await?;
        (upload::receive_body(body, supply::SECRET_LIMIT_BYTES, sink).await?.1.into(), recipient)
    };
    let stored = arrived.stored.clone();
    supply::put_solution(&app, &host, &seen, &recipient, arrived).await?;
    Ok(Json(SealedJson {
        sealed_sha256: hex::encode(stored.sha256),
        sealed_bytes: stored.size_bytes,
        recipient,
    }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct MetricBody {
    /// `roc_auc`, or with its main parameter `f1@0.5`.
    #[schema(example = "roc_auc")]
    metric: String,
    #[serde(default)]
    #[schema(value_type = Object)]
    params: BTreeMap<String, Value>,
    #[serde(default)]
    #[schema(value_type = Object)]
    context: Map<String, Value>,
    /// The solution's column that names what rows come together in, such as a patient or an author: standard errors and
    /// rank ranges take each as one. Kept in the context under the same name.
    #[serde(default)]
    #[schema(example = "patient")]
    cluster_column: String,
    #[serde(default = "supply::default_public_fraction")]
    public_fraction: f64,
}

/// Choose metric, parameters and the public share.
#[utoipa::path(
    put,
    path = paths::API_COMPETITION_METRIC,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the host's metric (`/host/metric`) as the caller read it: change it only if it is still so")),
    request_body = MetricBody,
    responses((status = 200, description = "The competition as it is now", body = CompetitionJson), (status = 412, description = "Somebody changed it since")),
)]
async fn put_metric(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<MetricBody>>,
) -> Result<Json<CompetitionJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let ApiJson(body) = body?;
    let choice = MetricChoice {
        name: body.metric,
        params: body.params,
        context: body.context,
        public_fraction: supply::checked_public_fraction(body.public_fraction)?,
    }
    .with_clusters(&body.cluster_column);
    let id = seen.competition.id;
    let stands = async |conn: &mut PgConnection| condition.hold(Some(host_metric(conn, id).await?));
    supply::choose_metric(&app, &host, &seen, &choice, stands).await?;
    Ok(Json(shown(&app, &slug, &host).await?))
}
