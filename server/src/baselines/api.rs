//! Baselines as JSON: what there is, and a file for one.

use axum::Json;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::send::{enter, send};
use super::store::{self, Baseline};
use crate::accounts::model::Scope;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::api::as_host;
use crate::competitions::model::Competition;
use crate::error::{AppError, Result};
use crate::ids::TeamId;
use crate::paths;
use crate::submissions::api::SubmissionJson;
use crate::submissions::api::receiving::{FileForm, Place, UploadedJson, receive_file};
use crate::submissions::submit::Upload;
use crate::uploads::model::Purpose;
use crate::web::upload::header_text;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_baselines, post_baseline)).layer(DefaultBodyLimit::disable())
}

#[derive(Serialize, utoipa::ToSchema)]
struct BaselineJson {
    team_id: TeamId,
    team: String,
    /// Without those that were rejected.
    n_files: i64,
    /// Null where its first file did not arrive.
    newest: Option<SubmissionJson>,
}

impl BaselineJson {
    fn new(baseline: Baseline, competition: &Competition, is_over: bool) -> Self {
        let shown = |submission| SubmissionJson::new(submission, competition, &[], is_over);
        Self {
            team_id: baseline.team_id,
            team: baseline.team,
            n_files: baseline.n_files,
            newest: baseline.newest.map(shown),
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct BaselinesJson {
    items: Vec<BaselineJson>,
}

async fn baselines(app: &App, competition: &Competition) -> Result<Vec<BaselineJson>> {
    let is_over = competition.ended(app.clock.now()).is_some();
    let found = store::all(&mut *app.db.acquire().await?, competition.id).await?;
    Ok(found.into_iter().map(|one| BaselineJson::new(one, competition, is_over)).collect())
}

/// The competition's baselines, each with its newest file.
#[utoipa::path(
    get,
    path = paths::API_BASELINES,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "Baselines, by name", body = BaselinesJson)),
)]
async fn list_baselines(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<BaselinesJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    Ok(Json(BaselinesJson { items: baselines(&app, &seen.competition).await? }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SendQuery {
    /// Name of the baseline, new or known, as boards show it; 1 to 60 characters.
    #[serde(default)]
    #[param(example = "All zeros", required = true)]
    name: String,
    /// A note to yourself; up to 500 characters.
    description: Option<String>,
}

/// Send a file as a baseline: scored like all others, on the board in its place, without a rank.
///
/// A competition has up to 10 baselines, and a baseline takes up to 50 files; the daily limit does not count.
#[utoipa::path(
    post,
    path = paths::API_BASELINES,
    operation_id = "send_baseline",
    tag = "Hosting",
    security(("token" = ["host"])),
    params(SendQuery, ("Idempotency-Key" = Option<String>, Header, description = "Up to 200 characters of the sender's choice: the same key for the same file is the same submission, however often it is sent; with another file it is a `field` problem", max_length = 200), ("X-File-Name" = Option<String>, Header, description = "Name of the file, percent-encoded, when it is the whole body")),
    request_body(content(([u8] = "application/octet-stream"), (FileForm = "multipart/form-data"), (UploadedJson = "application/json")), description = "The file as the whole body, named by `X-File-Name`, or as a form's `file`; or the id of an upload that is whole."),
    responses((status = 201, description = "Received", body = BaselineJson), (status = 409, description = "The upload was used before")),
)]
async fn post_baseline(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(query): ApiQuery<SendQuery>,
    caller: ApiMember,
    request: Request,
) -> Result<(StatusCode, Json<BaselineJson>)> {
    let host = caller.with(Scope::Host)?;
    let seen = enter(&app, &host, &slug).await?;
    let competition = &seen.competition;
    let idempotency_key = header_text(request.headers(), "idempotency-key").map(str::to_owned);
    let sent = receive_file(&app, Place::of(&host, competition), Purpose::Submission, request).await?;
    let description = query.description.or(sent.description).unwrap_or_default().trim().to_owned();
    let upload = Upload { file_name: sent.name, arrived: sent.arrived, description, idempotency_key };
    let receipt = send(&app, &host, &seen, &query.name, upload).await?;
    let all = baselines(&app, competition).await?;
    let own = all.into_iter().find(|one| one.team_id == receipt.submission.team_id);
    Ok((StatusCode::CREATED, Json(own.ok_or(AppError::NotFound)?)))
}
