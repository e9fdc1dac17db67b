//! Comparisons as JSON, for hosts.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use super::model::{Comparison, Pair, Side};
use super::{ask, store};
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::api::as_host;
use crate::error::{AppError, Result};
use crate::ids::SubmissionId;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_comparisons, compare_submissions))
        .routes(routes!(show_comparison))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TeamsComparisonJson {
    id: i64,
    /// `waiting`, `under_way`, `done` or `failed`.
    #[schema(example = "done")]
    state: &'static str,
    asked_by: String,
    asked_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    n_teams: Option<i32>,
    n_submissions: Option<i32>,
    /// Submissions that say the same of every row, are the sample submission, or cannot be read any more.
    n_left_out: Option<i32>,
    /// Rows that were drawn.
    n_rows: Option<i32>,
    /// Answers in these rows over which teams differ.
    n_answers: Option<i32>,
    n_found: Option<i32>,
    /// The likeness of a usual pair; null where fewer than five teams are no crowd.
    usual: Option<f64>,
    /// From this likeness on, a pair is named.
    bound: Option<f64>,
}

impl From<Comparison> for TeamsComparisonJson {
    fn from(comparison: Comparison) -> Self {
        Self {
            id: comparison.id,
            state: comparison.state().name(),
            asked_by: comparison.asked_by,
            asked_at: comparison.asked_at,
            finished_at: comparison.finished_at,
            failure: comparison.failure,
            n_teams: comparison.n_teams,
            n_submissions: comparison.n_submissions,
            n_left_out: comparison.n_left_out,
            n_rows: comparison.n_rows,
            n_answers: comparison.n_answers,
            n_found: comparison.n_found,
            usual: comparison.usual,
            bound: comparison.bound,
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SimilarSideJson {
    submission_id: SubmissionId,
    team: String,
    sender: String,
    received_at: DateTime<Utc>,
}

impl From<Side> for SimilarSideJson {
    fn from(Side { submission_id, team, sender, received_at }: Side) -> Self {
        Self { submission_id, team, sender, received_at }
    }
}

/// Two submissions of different teams.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SimilarPairJson {
    /// The one that was received first.
    first: SimilarSideJson,
    second: SimilarSideJson,
    /// The correlation of how both depart from all other teams.
    likeness: Option<f64>,
    /// Of the answers over which teams differ, those that are the same in both.
    n_same: i32,
    has_same_bytes: bool,
    /// The evidence in words.
    sentence: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TeamsComparisonReportJson {
    #[serde(flatten)]
    comparison: TeamsComparisonJson,
    /// The most alike first, 200 at most.
    pairs: Vec<SimilarPairJson>,
}

fn pair(pair: Pair, of: &Comparison) -> SimilarPairJson {
    SimilarPairJson {
        sentence: pair.sentence(of),
        first: pair.first.into(),
        second: pair.second.into(),
        likeness: pair.likeness,
        n_same: pair.n_same,
        has_same_bytes: pair.has_same_bytes,
    }
}

async fn report(app: &App, seen: &Seen, id: i64) -> Result<Json<TeamsComparisonReportJson>> {
    let mut conn = app.db.acquire().await?;
    let found = store::find(&mut conn, seen.competition.id, id).await?.ok_or(AppError::NotFound)?;
    let pairs = store::pairs(&mut conn, id).await?;
    let pairs = pairs.into_iter().map(|similar| pair(similar, &found)).collect();
    Ok(Json(TeamsComparisonReportJson { pairs, comparison: found.into() }))
}

/// Every time that all teams' predictions were compared.
#[utoipa::path(
    get,
    path = paths::API_COMPARISONS,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(Keyset),
    responses((status = 200, description = "Comparisons, newest first", body = Slice<TeamsComparisonJson>)),
)]
async fn list_comparisons(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<TeamsComparisonJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let found = store::list(&mut conn, seen.competition.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(found, |comparison| comparison.id).map(TeamsComparisonJson::from))
}

/// Have the predictions of all teams compared, in the background.
#[utoipa::path(
    post,
    path = paths::API_COMPARISONS,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 202, description = "The comparison, which waits for a scorer", body = TeamsComparisonReportJson)),
)]
async fn compare_submissions(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<(StatusCode, Json<TeamsComparisonReportJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let id = ask::ask(&app, &host, &seen).await?;
    Ok((StatusCode::ACCEPTED, report(&app, &seen, id).await?))
}

/// Pairs of different teams whose predictions are nearly the same, with the evidence, for the host to judge.
#[utoipa::path(
    get,
    path = paths::API_COMPARISON,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "The comparison", body = TeamsComparisonReportJson)),
)]
async fn show_comparison(
    State(app): State<App>,
    Path((slug, id)): Path<(String, i64)>,
    caller: ApiMember,
) -> Result<Json<TeamsComparisonReportJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    report(&app, &seen, id).await
}
