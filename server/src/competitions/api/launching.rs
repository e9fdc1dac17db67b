//! From a draft to an open competition as JSON: one labelled table, what a scorer found, the launch.

use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use holdout_contract::examine::{Proposal, Report};
use holdout_contract::rejection::Rejection;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::CompetitionJson;
use super::hosting::{as_host, shown};
use crate::api::body::ApiJson;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::setup::OfFiles;
use crate::competitions::supply::{self, Sealing, TablePlan};
use crate::competitions::{launch, setup, unlaunch};
use crate::error::{AppError, Result};
use crate::paths;
use crate::uploads::model::Purpose;
use crate::uploads::spend::{self, UploadRef};
use crate::web::upload;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_table, put_table, patch_table))
        .layer(DefaultBodyLimit::disable())
        .routes(routes!(show_report, post_report))
        .routes(routes!(post_launch, take_launch_back))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct TableQuery {
    target: String,
    sealed: String,
    test_percent: String,
    public_percent: String,
}

/// Let a scorer make train, test, sample and solution from one labelled table.
#[utoipa::path(
    post,
    path = paths::API_TABLE,
    operation_id = "split_table",
    tag = "Hosting",
    security(("token" = ["host"])),
    params(TableQuery),
    request_body(content(([u8] = "application/octet-stream"), (UploadRef = "application/json")), description = "The labelled table, sealed or not as for a solution; or the id of an upload that is whole"),
    responses((status = 202, description = "A scorer will split it", body = TableJson), (status = 409, description = "The upload was used before")),
)]
async fn put_table(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(query): ApiQuery<TableQuery>,
    caller: ApiMember,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<TableJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let plan = TablePlan::read(&query.target, &query.test_percent, &query.public_percent)?;
    let arrived = if spend::is_named(&headers) {
        let named: UploadRef = spend::read_named(body).await?;
        spend::ready(&app, &host, named.upload, Purpose::Table, seen.competition.id).await?.arrived
    } else {
        let owner = seen.competition.id.0;
        let (sink, _) = supply::open_secret(&app, "tables", owner, Sealing::read(&query.sealed)).await?;
        upload::receive_body(body, supply::SECRET_LIMIT_BYTES, sink).await?.1.into()
    };
    supply::put_table(&app, &host, &seen, &plan, arrived).await?;
    Ok((StatusCode::ACCEPTED, Json(table_json(&app, &seen).await?)))
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct TableChanges {
    /// The column to be predicted, exactly as the header names it.
    #[schema(example = "price")]
    target: Option<String>,
    #[schema(example = 30)]
    test_percent: Option<f64>,
    #[schema(example = 30)]
    public_percent: Option<f64>,
}

fn no_table() -> AppError {
    AppError::refused("There is no labelled table to split: send one first.")
}

/// Have the labelled table that is here split anew: by another target or other shares. What is left out stays.
#[utoipa::path(
    patch,
    path = paths::API_TABLE,
    operation_id = "split_table_anew",
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = TableChanges,
    responses((status = 202, description = "A scorer will split it", body = TableJson)),
)]
async fn patch_table(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<TableChanges>>,
) -> Result<(StatusCode, Json<TableJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let changes = body?.0;
    let mut conn = app.db.acquire().await?;
    let table = setup::load(&mut conn, &seen.competition).await?.table.ok_or_else(no_table)?;
    drop(conn);
    let target = changes.target.as_deref();
    let plan = TablePlan::corrected(&table, target, changes.test_percent, changes.public_percent)?;
    supply::split_anew(&app, &host, &seen, &plan).await?;
    Ok((StatusCode::ACCEPTED, Json(table_json(&app, &seen).await?)))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TableJson {
    target_column: String,
    /// Share of the rows that are hidden.
    test_percent: f64,
    /// Of these on the public board.
    public_percent: f64,
    /// `queued`, `leased`, `done` or `failed`.
    state: Option<String>,
    proposal: Option<Proposal>,
    rejection: Option<Rejection>,
}

/// What came of the labelled table.
#[utoipa::path(
    get,
    path = paths::API_TABLE,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "What a scorer proposes", body = TableJson)),
)]
async fn show_table(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<TableJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    Ok(Json(table_json(&app, &seen).await?))
}

async fn table_json(app: &App, seen: &Seen) -> Result<TableJson> {
    let mut conn = app.db.acquire().await?;
    let draft = setup::load(&mut conn, &seen.competition).await?;
    let table = draft.table.ok_or(AppError::NotFound)?;
    Ok(TableJson {
        target_column: table.target_column,
        test_percent: supply::as_percent(table.test_fraction),
        public_percent: supply::as_percent(table.public_fraction),
        state: draft.split.map(|job| job.state),
        proposal: table.proposal.and_then(|proposal| serde_json::from_value(proposal).ok()),
        rejection: table.rejection.and_then(|rejection| serde_json::from_value(rejection).ok()),
    })
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct HindranceJson {
    step: &'static str,
    text: String,
    fix: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LaunchReport)]
struct ReportJson {
    /// Whether the report speaks of the draft as it is now.
    is_current: bool,
    may_launch: bool,
    /// Whether a launch wants a reason to go on over a FAIL of the audit, or with a metric of one's own that it could not
    /// judge.
    wants_audit_reason: bool,
    /// `queued`, `leased`, `done` or `failed`: of the newest examination.
    state: Option<String>,
    report: Option<Report>,
    /// What the files give away, where training data were replaced after the launch; absent where none were.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<OfFiles>,
    /// What stands between the draft and its launch.
    hindrances: Vec<HindranceJson>,
    /// The steps of setting up, in their order.
    steps: Vec<StepJson>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SetupStep)]
struct StepJson {
    step: &'static str,
    title: &'static str,
    is_done: bool,
}

/// What stands between the draft and its launch.
#[utoipa::path(
    get,
    path = paths::API_REPORT,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "The report", body = ReportJson)),
)]
async fn show_report(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<ReportJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let draft = setup::load(&mut conn, &seen.competition).await?;
    let hindrances: Vec<HindranceJson> = setup::hindrances(&seen.competition, &draft, app.clock.now())
        .into_iter()
        .map(|found| HindranceJson { step: found.step.name(), text: found.text, fix: found.fix })
        .collect();
    let steps = setup::checklist(&seen.competition, &draft).into_iter().map(|line| StepJson {
        step: line.step.name(),
        title: line.step.title(),
        is_done: line.is_done,
    });
    Ok(Json(ReportJson {
        steps: steps.collect(),
        is_current: draft.report_is_current(),
        wants_audit_reason: draft.wants_reason(),
        may_launch: hindrances.is_empty() && seen.competition.launched_at.is_none(),
        files: draft.of_files(),
        state: draft.examination.map(|job| job.state),
        report: draft.report,
        hindrances,
    }))
}

/// Have the draft examined again, as after a fault of the platform.
#[utoipa::path(
    post,
    path = paths::API_REPORT,
    operation_id = "examine",
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 202, description = "A scorer looks at it")),
)]
async fn post_report(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    supply::examine_again(&app, &seen).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
struct LaunchBody {
    /// Start now and last so long; left out: the timeline as it is.
    #[schema(example = 30)]
    days: Option<u32>,
    /// Why you launch over a FAIL of the audit, or with a metric of your own that it could not judge; everybody who takes part
    /// reads it beside the rules. Left out: the one on record.
    audit_reason: Option<String>,
}

/// Launch the competition.
#[utoipa::path(
    post,
    path = paths::API_LAUNCH,
    operation_id = "launch",
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = LaunchBody,
    responses((status = 200, description = "The competition, launched", body = CompetitionJson)),
)]
async fn post_launch(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<LaunchBody>>,
) -> Result<Json<CompetitionJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let LaunchBody { days, audit_reason } = body?.0;
    match days {
        Some(days) => launch::launch_for(&app, &host, &seen, days, audit_reason.as_deref()).await?,
        None => launch::launch(&app, &host, &seen, audit_reason.as_deref()).await?,
    }
    Ok(Json(shown(&app, &slug, &host).await?))
}

/// Take the launch back, while nobody has joined: the competition is a draft again.
///
/// Only before the end, and while there is no team, no baseline and no other scoring version.
#[utoipa::path(
    delete,
    path = paths::API_LAUNCH,
    operation_id = "unlaunch",
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "The competition, a draft", body = CompetitionJson)),
)]
async fn take_launch_back(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<CompetitionJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    unlaunch::unlaunch(&app, &host, &seen).await?;
    Ok(Json(shown(&app, &slug, &host).await?))
}
