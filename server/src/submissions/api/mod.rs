//! Submissions and checks as JSON. A file comes as a form's `file` or as the whole body, named by
//! `X-File-Name`; `Idempotency-Key` makes a repeated request the same submission.

mod checks;
mod log;
pub(crate) mod receiving;

use std::time::Duration;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use holdout_contract::rejection::Rejection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use self::receiving::{FileForm, UploadedJson, receive_file};
use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::download;
use crate::competitions::model::Competition;
use crate::error::{AppError, Result};
use crate::ids::{SubmissionId, TeamId};
use crate::paths;
use crate::ranks::api::GainJson;
use crate::submissions::choose::{check_description, choose_final, describe, withdraw_final};
use crate::submissions::model::{Allowance, Submission, Total, rounded};
use crate::submissions::read::{self, SubmissionDetail, download_of};
use crate::submissions::store::Released;
use crate::submissions::store::provenance::{Provenance, provenance};
use crate::submissions::submit::{Upload, enter, submit};
use crate::submissions::wait::wait_for_score;
use crate::uploads::model::Purpose;
use crate::web::upload::header_text;

pub fn router() -> OpenApiRouter<App> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(post_submission, list_submissions))
        .routes(routes!(checks::post_check))
        .layer(DefaultBodyLimit::disable());
    OpenApiRouter::new()
        .merge(uploads)
        .routes(routes!(show_submission, patch_submission))
        .routes(routes!(send_file))
        .routes(routes!(show_allowance))
        .routes(routes!(log::show_log))
        .routes(routes!(checks::show_check))
}

/// Longest time that one request waits for a score.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

#[derive(Serialize, utoipa::ToSchema)]
struct AllowanceJson {
    /// What can be sent now.
    left: i32,
    daily_limit: i32,
    /// Where there is a limit of the whole competition, as there is before the end alone.
    total: Option<TotalJson>,
    resets_at: DateTime<Utc>,
    sentence: String,
}

/// How many submissions a team may send to the whole competition.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TotalAllowance)]
struct TotalJson {
    limit: i32,
    left: i32,
}

impl From<Total> for TotalJson {
    fn from(total: Total) -> Self {
        Self { limit: total.limit, left: total.left() }
    }
}

impl From<Allowance> for AllowanceJson {
    fn from(allowance: Allowance) -> Self {
        Self {
            left: allowance.left(),
            daily_limit: allowance.daily_limit,
            total: allowance.total.map(TotalJson::from),
            resets_at: allowance.resets_at,
            sentence: allowance.sentence(),
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SubmissionJson {
    id: SubmissionId,
    state: &'static str,
    received_at: DateTime<Utc>,
    is_late: bool,
    /// A sentence where it is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    lateness: Option<String>,
    sender: String,
    file_name: String,
    size_bytes: i64,
    sha256: String,
    log_position: i64,
    log_entry_hash: String,
    /// The team that the log's entry names: the one that sent it, whatever it merged with since.
    log_team_id: TeamId,
    /// What blinds the log's entry, for the team alone; absent where an earlier release received the submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_nonce: Option<String>,
    description: String,
    /// Since when its file is no longer kept; score, hash and receipt stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_gone_at: Option<DateTime<Utc>>,
    selected: bool,
    /// While the competition is open, with the decimals that the board shows.
    public_score: Option<f64>,
    public_undefined: Option<String>,
    /// On a Ladder: why the public score is that of an earlier file.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<&'static str>,
    /// After the end only.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_score: Option<f64>,
    /// Under every metric that teams are ranked by, the primary first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartJson>,
    rejection: Option<Rejection>,
    /// What the score was computed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<ProvenanceJson>,
    /// The host's reason, where the submission or its team is disqualified.
    #[serde(skip_serializing_if = "Option::is_none")]
    disqualified_because: Option<String>,
    /// A sentence where the fault is not the sender's.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
    /// Files that are scored before this one, counted up to 1,000; while it is queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_position: Option<i64>,
    /// About how long until the score, as the last jobs went.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_seconds: Option<f64>,
    /// Beside the team's best file before, while the competition is open; of one submission asked for alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    gain: Option<GainJson>,
    /// Why it has no range of ranks, where a look at the board found none; of one submission asked for alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_range: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowance: Option<AllowanceJson>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct PartJson {
    metric: String,
    /// While the competition is open, with the decimals that the board shows.
    public_score: Option<f64>,
    /// After the end only.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_score: Option<f64>,
}

/// Where a score comes from.
#[derive(Serialize, utoipa::ToSchema)]
struct ProvenanceJson {
    /// Of the file as the scorer read it.
    submission_sha256: String,
    /// The scoring version's number.
    version: i32,
    metric: String,
    #[schema(value_type = Object)]
    params: Value,
    /// The version's commitment to labels and split; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    commitment: Option<String>,
    engine_version: String,
}

impl From<&Provenance> for ProvenanceJson {
    fn from(found: &Provenance) -> Self {
        Self {
            submission_sha256: hex::encode(&found.submission_sha256),
            version: found.version,
            metric: found.metric.clone(),
            params: found.params.clone(),
            commitment: found.commitment_hex(),
            engine_version: found.engine_version.clone(),
        }
    }
}

impl SubmissionJson {
    pub(crate) fn new(
        submission: Submission,
        competition: &Competition,
        released: &[Released],
        is_over: bool,
    ) -> Self {
        let shown = |score| if is_over { score } else { rounded(score, competition.score_decimals) };
        let private = released.iter().find(|released| released.submission_id == submission.id);
        let (failure, held) = (submission.failure(), submission.held());
        let parts =
            submission.parts(competition, private.and_then(Released::parts)).into_iter().map(|part| {
                PartJson {
                    metric: part.name,
                    public_score: part.public_score.map(shown),
                    private_score: part.private_score,
                }
            });
        Self {
            parts: parts.collect(),
            id: submission.id,
            state: submission.state.name(),
            received_at: submission.received_at,
            is_late: submission.is_late,
            lateness: submission.lateness(competition),
            sha256: submission.sha256_hex(),
            log_entry_hash: submission.entry_hash_hex(),
            log_nonce: submission.log_nonce_hex(),
            selected: submission.is_selected(),
            file_gone_at: submission.file_gone_at,
            sender: submission.sender,
            file_name: submission.file_name,
            size_bytes: submission.size_bytes,
            log_position: submission.log_position,
            log_team_id: submission.log_team_id,
            provenance: None,
            description: submission.description,
            held,
            public_score: submission.public_score.map(shown),
            public_undefined: submission.public_undefined,
            private_score: private.and_then(|released| released.private_score),
            rejection: submission.rejection.map(|sqlx::types::Json(rejection)| rejection),
            disqualified_because: submission.disqualified_because,
            failure,
            queue_position: None,
            wait_seconds: None,
            gain: None,
            no_range: None,
            allowance: None,
        }
    }

    fn of_detail(detail: SubmissionDetail, competition: &Competition, is_over: bool) -> Self {
        let SubmissionDetail { submission, place, released, provenance, gain, no_range, allowance } = detail;
        Self {
            provenance: provenance.as_ref().map(ProvenanceJson::from),
            queue_position: place.map(|place| place.ahead),
            wait_seconds: place.and_then(|place| place.wait_seconds),
            gain: gain.map(GainJson::from),
            no_range,
            allowance: Some(allowance.into()),
            ..Self::new(submission, competition, released.as_slice(), is_over)
        }
    }

    fn with_provenance(self, found: &[Provenance]) -> Self {
        let provenance = found.iter().find(|found| found.submission_id == self.id).map(ProvenanceJson::from);
        Self { provenance, ..self }
    }
}

/// A participant and the competition they look at.
pub(super) async fn participant(app: &App, slug: &str, member: &Member) -> Result<(Seen, TeamId)> {
    let seen = access::see(app, slug, Some(member)).await?;
    let team_id = seen
        .standing
        .team_id
        .ok_or_else(|| AppError::refused("You do not take part in this competition yet: join it first."))?;
    Ok((seen, team_id))
}

/// A submission with everything around it, as its team may see it now.
pub(super) async fn document(
    app: &App,
    seen: &Seen,
    team_id: TeamId,
    id: SubmissionId,
) -> Result<SubmissionJson> {
    let now = app.clock.now();
    let detail = read::detail(app, seen, team_id, id, now).await?;
    Ok(SubmissionJson::of_detail(detail, &seen.competition, seen.competition.ended(now).is_some()))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SubmitQuery {
    /// Seconds to wait for the score; 60 at most.
    #[param(example = 30)]
    wait: Option<u64>,
    /// A note to yourself; up to 500 characters.
    description: Option<String>,
}

/// Send predictions.
///
/// With `wait=30` the answer holds the score, if it is there within 30 seconds (60 at most).
#[utoipa::path(
    post,
    path = paths::API_SUBMISSIONS,
    operation_id = "submit",
    tag = "Taking part",
    security(("token" = ["submit"])),
    params(SubmitQuery, ("Idempotency-Key" = Option<String>, Header, description = "Up to 200 characters of the sender's choice: the same key for the same file is the same submission, however often it is sent; with another file it is a `field` problem", max_length = 200), ("X-File-Name" = Option<String>, Header, description = "Name of the file, percent-encoded, when it is the whole body")),
    request_body(content(([u8] = "application/octet-stream"), (FileForm = "multipart/form-data"), (UploadedJson = "application/json")), description = "The file as the whole body, named by `X-File-Name`, or as a form's `file`; or the id of an upload that is whole."),
    responses((status = 201, description = "Received; with `wait`, as it stands when it is scored or the time is up", body = SubmissionJson), (status = 409, description = "The upload was used before")),
)]
async fn post_submission(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(query): ApiQuery<SubmitQuery>,
    caller: ApiMember,
    request: Request,
) -> Result<(StatusCode, Json<SubmissionJson>)> {
    let member = caller.with(Scope::Submit)?;
    let entrant = enter(&app, &member, &slug).await?;
    let idempotency_key = header_text(request.headers(), "idempotency-key").map(str::to_owned);
    let sent = receive_file(&app, (&entrant).into(), Purpose::Submission, request).await?;
    let description = query.description.or(sent.description).unwrap_or_default().trim().to_owned();
    let upload = Upload { file_name: sent.name, arrived: sent.arrived, description, idempotency_key };
    let receipt = submit(&app, &entrant, upload).await?;
    let patience = Duration::from_secs(query.wait.unwrap_or(0)).min(LONGEST_WAIT);
    let id = receipt.submission.id;
    wait_for_score(&app, receipt.submission.team_id, id, patience).await?;
    let (seen, team_id) = participant(&app, &slug, &member).await?;
    Ok((StatusCode::CREATED, Json(document(&app, &seen, team_id, id).await?)))
}

/// The team's submissions.
#[utoipa::path(
    get,
    path = paths::API_SUBMISSIONS,
    tag = "Taking part",
    security(("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Submissions, newest first", body = Slice<SubmissionJson>)),
)]
async fn list_submissions(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<SubmissionJson>> {
    let member = caller.with(Scope::Read)?;
    let (seen, team_id) = participant(&app, &slug, &member).await?;
    let (competition, now) = (&seen.competition, app.clock.now());
    let part = (SubmissionId(keyset.before()), keyset.fetched());
    let mut conn = app.db.acquire().await?;
    let (rows, released) = read::list(&mut conn, competition, team_id, part, now).await?;
    let ids: Vec<i64> = rows.iter().map(|submission| submission.id.0).collect();
    let found = provenance(&mut conn, &ids).await?;
    drop(conn);
    let slice = keyset.slice(rows, |submission| submission.id.0);
    let is_over = competition.ended(now).is_some();
    Ok(slice.map(|row| SubmissionJson::new(row, competition, &released, is_over).with_provenance(&found)))
}

/// How many submissions the team may still send.
#[utoipa::path(
    get,
    path = paths::API_ALLOWANCE,
    tag = "Taking part",
    security(("token" = ["read"])),
    responses((status = 200, description = "What is left, and when more comes", body = AllowanceJson)),
)]
async fn show_allowance(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<AllowanceJson>> {
    let member = caller.with(Scope::Read)?;
    let (seen, team_id) = participant(&app, &slug, &member).await?;
    let mut conn = app.db.acquire().await?;
    let now = app.clock.now();
    Ok(Json(read::allowance(&mut conn, &seen.competition, team_id, now).await?.into()))
}

/// One submission of the team.
#[utoipa::path(
    get,
    path = paths::API_SUBMISSION,
    tag = "Taking part",
    security(("token" = ["read"])),
    responses((status = 200, description = "The submission", body = SubmissionJson)),
)]
async fn show_submission(
    State(app): State<App>,
    Path((slug, id)): Path<(String, SubmissionId)>,
    caller: ApiMember,
) -> Result<Json<SubmissionJson>> {
    let member = caller.with(Scope::Read)?;
    let (seen, team_id) = participant(&app, &slug, &member).await?;
    Ok(Json(document(&app, &seen, team_id, id).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PatchJson {
    #[schema(example = "With more trees")]
    description: Option<String>,
    selected: Option<bool>,
}

/// Describe a submission, or choose it for the final.
///
/// What is left out stays as it is.
#[utoipa::path(
    patch,
    path = paths::API_SUBMISSION,
    operation_id = "edit_submission",
    tag = "Taking part",
    security(("token" = ["submit"])),
    request_body = PatchJson,
    responses((status = 200, description = "The submission as it is now", body = SubmissionJson)),
)]
async fn patch_submission(
    State(app): State<App>,
    Path((slug, id)): Path<(String, SubmissionId)>,
    caller: ApiMember,
    body: Result<ApiJson<PatchJson>>,
) -> Result<Json<SubmissionJson>> {
    let member = caller.with(Scope::Submit)?;
    let entrant = enter(&app, &member, &slug).await?;
    let ApiJson(patch) = body?;
    // Whatever can be refused is refused before anything changes.
    patch.description.as_deref().map_or(Ok(()), check_description)?;
    match patch.selected {
        Some(true) => choose_final(&app, &entrant, id).await?,
        Some(false) => withdraw_final(&app, &entrant, id).await?,
        None => {}
    }
    if let Some(text) = &patch.description {
        describe(&app, &entrant, id, text).await?;
    }
    let (seen, team_id) = participant(&app, &slug, &member).await?;
    Ok(Json(document(&app, &seen, team_id, id).await?))
}

/// A submission's file as it was sent.
#[utoipa::path(
    get,
    path = paths::API_SUBMISSION_FILE,
    operation_id = "download_submission",
    tag = "Taking part",
    security(("token" = ["read"])),
    params(("Range" = Option<String>, Header, description = "`bytes=FIRST-LAST`, to go on where a download broke off")),
    responses((status = 200, description = "The whole file", body = [u8], content_type = "application/octet-stream"), (status = 206, description = "The part that `Range` asked for", body = [u8], content_type = "application/octet-stream"), (status = 416, description = "The range lies outside the file")),
)]
async fn send_file(
    State(app): State<App>,
    Path((slug, id)): Path<(String, SubmissionId)>,
    caller: ApiMember,
    asked: HeaderMap,
) -> Result<Response> {
    let member = caller.with(Scope::Read)?;
    let (_, team_id) = participant(&app, &slug, &member).await?;
    let submission = read::find(&app, team_id, id).await?;
    download::send(&app.files, &download_of(&submission)?, &asked).await
}
