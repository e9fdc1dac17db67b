//! Hosting as JSON: drafts, their pages and files, solution and metric. Files are sent as the request's body.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{CompetitionJson, FileJson, ItemsJson, PageJson};
use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::conditions::Condition;
use crate::api::query::ApiQuery;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::create::{self, Address};
use crate::competitions::model::Competition;
use crate::competitions::settings::{Basics, Patch};
use crate::competitions::store::texts::TextPage;
use crate::competitions::supply::{self, DataUpload, MetricChoice, Sealing};
use crate::competitions::{edit, store};
use crate::error::{AppError, Result};
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
        .routes(routes!(super::show_page, put_page, remove_page))
        .routes(routes!(put_pages_order))
        .routes(routes!(list_host_data))
        .routes(routes!(super::metric::show_metric, put_metric))
        .merge(uploads)
}

pub(super) async fn open(app: &App, slug: &str, caller: ApiMember) -> Result<(Member, Seen)> {
    let host = caller.with(Scope::Host)?;
    let seen = access::see_as_host(app, slug, Some(&host)).await?;
    Ok((host, seen))
}

pub(super) async fn shown(app: &App, slug: &str, host: &Member) -> Result<CompetitionJson> {
    let seen = access::see_as_host(app, slug, Some(host)).await?;
    Ok(CompetitionJson::new(seen, app.clock.now()))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct NewJson {
    #[schema(example = "House prices")]
    title: String,
    slug: Option<String>,
    #[serde(default)]
    subtitle: String,
}

/// Begin a draft.
#[utoipa::path(
    post,
    path = paths::API_COMPETITIONS,
    operation_id = "create_competition",
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = NewJson,
    responses((status = 201, description = "The draft", body = CompetitionJson)),
)]
pub(super) async fn create(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<NewJson>>,
) -> Result<(StatusCode, Json<CompetitionJson>)> {
    let host = caller.with(Scope::Host)?;
    let ApiJson(new) = body?;
    let slug = new.slug.unwrap_or_default();
    let basics = Basics::read(&new.title, &slug, &new.subtitle)?;
    let competition = create::create(&app, &host, basics, Address::of(&slug)).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, &competition.slug, &host).await?)))
}

/// What is left out stays as it is.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EditJson {
    title: Option<String>,
    slug: Option<String>,
    #[schema(example = "Predict what a house is sold for")]
    subtitle: Option<String>,
    starts_at: Option<DateTime<Utc>>,
    entry_deadline_at: Option<DateTime<Utc>>,
    merger_deadline_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    daily_limit: Option<i32>,
    final_limit: Option<i32>,
    team_limit: Option<i32>,
    max_upload_bytes: Option<i64>,
    score_decimals: Option<i32>,
    visibility: Option<String>,
    /// Who is invited by name; replaces the list.
    emails: Option<Vec<String>>,
}

impl From<EditJson> for Patch {
    fn from(wish: EditJson) -> Self {
        Self {
            title: wish.title,
            slug: wish.slug,
            subtitle: wish.subtitle,
            starts_at: wish.starts_at,
            entry_deadline_at: wish.entry_deadline_at,
            merger_deadline_at: wish.merger_deadline_at,
            ends_at: wish.ends_at,
            daily_limit: wish.daily_limit,
            final_limit: wish.final_limit,
            team_limit: wish.team_limit,
            max_upload_bytes: wish.max_upload_bytes,
            score_decimals: wish.score_decimals,
            visibility: wish.visibility,
            emails: wish.emails,
        }
    }
}

/// Change a competition: basics, times, limits, who sees it.
///
/// What is left out stays as it is; either all of it changes, or nothing.
#[utoipa::path(
    patch,
    path = paths::API_COMPETITION,
    operation_id = "edit_competition",
    tag = "Hosting",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the competition as the caller read it: change it only if it is still so")),
    request_body = EditJson,
    responses((status = 200, description = "The competition as it is now", body = CompetitionJson), (status = 412, description = "Somebody changed it since")),
)]
pub(super) async fn edit(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<EditJson>>,
) -> Result<Json<CompetitionJson>> {
    let (host, seen) = open(&app, &slug, caller).await?;
    let ApiJson(wish) = body?;
    let now = app.clock.now();
    let stands = |competition: &Competition| {
        let seen = Seen { competition: competition.clone(), standing: seen.standing };
        condition.hold(Some(CompetitionJson::new(seen, now)))
    };
    let slug = edit::patch(&app, &host, &seen, &wish.into(), stands).await?;
    Ok(Json(shown(&app, &slug, &host).await?))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct PageBody {
    #[schema(example = "Prizes")]
    title: String,
    #[schema(example = "Fame, and *a cup*.")]
    markdown: String,
}

/// Write a page, in Markdown.
#[utoipa::path(
    put,
    path = paths::API_PAGE,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the page as the caller read it; `*` for one that must be there"), ("If-None-Match" = Option<String>, Header, description = "`*` for a page that must not be there yet")),
    request_body = PageBody,
    responses((status = 204, description = "The page stands as sent"), (status = 412, description = "Somebody changed it since")),
)]
async fn put_page(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<PageBody>>,
) -> Result<StatusCode> {
    let (host, seen) = open(&app, &slug, caller).await?;
    let ApiJson(body) = body?;
    let stands = |page: Option<TextPage>| condition.hold(page.map(PageJson::from));
    edit::write_page(&app, &host, &seen, &page, &body.title, &body.markdown, stands).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a page.
#[utoipa::path(
    delete,
    path = paths::API_PAGE,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the page as the caller read it: remove it only if it is still so")),
    responses((status = 204, description = "The page is gone"), (status = 412, description = "Somebody changed it since")),
)]
async fn remove_page(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    caller: ApiMember,
    condition: Condition,
) -> Result<StatusCode> {
    let (host, seen) = open(&app, &slug, caller).await?;
    let stands = |page: Option<TextPage>| condition.hold(page.map(PageJson::from));
    edit::remove_page(&app, &host, &seen, &page, stands).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = PagesOrder)]
struct OrderBody {
    /// Names of pages as they stand in addresses; those left out follow in their order.
    #[schema(example = json!(["overview", "rules"]))]
    slugs: Vec<String>,
}

/// Put the pages into an order.
#[utoipa::path(
    put,
    path = paths::API_PAGES_ORDER,
    operation_id = "order_pages",
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = OrderBody,
    responses((status = 204, description = "The menu has this order")),
)]
async fn put_pages_order(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<OrderBody>>,
) -> Result<StatusCode> {
    let (host, seen) = open(&app, &slug, caller).await?;
    edit::order_pages(&app, &host, &seen, &body?.0.slugs).await?;
    Ok(StatusCode::NO_CONTENT)
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
    let (_, seen) = open(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let files = store::data::all(&mut conn, seen.competition.id).await?;
    Ok(Json(ItemsJson { items: files.into_iter().map(FileJson::from).collect() }))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct DataQuery {
    role: String,
    description: String,
}

/// Put a file of data, or replace it.
#[utoipa::path(
    put,
    path = paths::API_DATA_FILE,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(DataQuery),
    request_body(content(([u8] = "application/octet-stream"), (UploadRef = "application/json")), description = "The file; or the id of an upload that is whole"),
    responses((status = 200, description = "The file as it is stored", body = FileJson), (status = 409, description = "The upload was used before")),
)]
async fn put_data(
    State(app): State<App>,
    Path((slug, name)): Path<(String, String)>,
    ApiQuery(query): ApiQuery<DataQuery>,
    caller: ApiMember,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<FileJson>> {
    let (host, seen) = open(&app, &slug, caller).await?;
    let id = seen.competition.id;
    let arrived = if spend::is_named(&headers) {
        let named: UploadRef = spend::read_named(body).await?;
        spend::ready(&app, &host, named.upload, Purpose::Data, id).await?.arrived
    } else {
        let sink = app.files.create("data", id.0).await?;
        upload::receive_body(body, supply::DATA_LIMIT_BYTES, sink).await?.1.into()
    };
    let file = DataUpload { name: &name, role: &query.role, description: &query.description };
    let name = supply::put_data(&app, &host, &seen, &file, arrived).await?;
    let mut conn = app.db.acquire().await?;
    let file = store::data::find(&mut conn, id, &name).await?.ok_or(AppError::NotFound)?;
    Ok(Json(file.into()))
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
    request_body = DescribeBody,
    responses((status = 200, description = "The file as it is stored", body = FileJson)),
)]
async fn patch_data(
    State(app): State<App>,
    Path((slug, name)): Path<(String, String)>,
    caller: ApiMember,
    body: Result<ApiJson<DescribeBody>>,
) -> Result<Json<FileJson>> {
    let (_, seen) = open(&app, &slug, caller).await?;
    supply::describe_data(&app, &seen, &name, &body?.0.description).await?;
    let mut conn = app.db.acquire().await?;
    let file = store::data::find(&mut conn, seen.competition.id, &name).await?.ok_or(AppError::NotFound)?;
    Ok(Json(file.into()))
}

/// Remove a file of data.
#[utoipa::path(
    delete,
    path = paths::API_DATA_FILE,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 204, description = "The file is gone")),
)]
async fn remove_data(
    State(app): State<App>,
    Path((slug, name)): Path<(String, String)>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let (host, seen) = open(&app, &slug, caller).await?;
    supply::remove_data(&app, &host, &seen, &name).await?;
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
    let (_, seen) = open(&app, &slug, caller).await?;
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
    let (host, seen) = open(&app, &slug, caller).await?;
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
    #[serde(default = "third")]
    public_fraction: f64,
}

fn third() -> f64 {
    0.3
}

/// Choose metric, parameters and the public share.
#[utoipa::path(
    put,
    path = paths::API_COMPETITION_METRIC,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = MetricBody,
    responses((status = 200, description = "The competition as it is now", body = CompetitionJson)),
)]
async fn put_metric(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<MetricBody>>,
) -> Result<Json<CompetitionJson>> {
    let (host, seen) = open(&app, &slug, caller).await?;
    let ApiJson(body) = body?;
    if !(0.01..=0.99).contains(&body.public_fraction) {
        return Err(AppError::field("public_fraction", "A share between 0.01 and 0.99."));
    }
    let choice = MetricChoice {
        name: body.metric,
        params: body.params,
        context: body.context,
        public_fraction: body.public_fraction,
    };
    supply::choose_metric(&app, &host, &seen, &choice).await?;
    Ok(Json(shown(&app, &slug, &host).await?))
}
