//! The metric that a competition is judged by, as JSON for everybody who may see the competition.

use axum::Json;
use axum::extract::{Path, State};
use holdout_contract::ranks::{RankedPart, ShownMetric};
use serde::Serialize;
use serde_json::Value;

use super::see;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::store::judging;
use crate::error::{AppError, Result};
use crate::paths;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct CompetitionMetricJson {
    /// The scoring version that counts; before the launch the draft's.
    version: i32,
    /// Its name in the catalogue; `custom` for one that the host wrote.
    #[schema(example = "roc_auc")]
    name: String,
    title: String,
    #[schema(value_type = Object)]
    params: Value,
    higher_is_better: bool,
    /// The metrics that teams are ranked by, the primary first; absent where it is their scores.
    #[serde(skip_serializing_if = "<[RankedPart]>::is_empty")]
    ranked_by: Vec<RankedPart>,
    /// The secondary metrics, which are shown beside the score and change no rank.
    #[serde(skip_serializing_if = "<[ShownMetric]>::is_empty")]
    secondary: Vec<ShownMetric>,
    /// The verdict of the audit before the launch, which found out how the metric can be gamed on the labels; absent where
    /// there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "WARN")]
    audit: Option<String>,
    /// Why the host launched over a FAIL, or with a metric of their own that could not be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_reason: Option<String>,
}

/// What submissions are judged by, with its parameters.
///
/// The catalogue says how it is computed; the text of a metric that the host wrote is beside it, as its module.
#[utoipa::path(
    get,
    path = paths::API_COMPETITION_METRIC,
    tag = "Competitions",
    operation_id = "show_competition_metric",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The metric", body = CompetitionMetricJson)),
)]
pub(super) async fn show_metric(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<CompetitionMetricJson>> {
    let (seen, _) = see(&app, &slug, caller).await?;
    let competition = &seen.competition;
    let name = competition.metric.clone().ok_or(AppError::NotFound)?;
    let mut conn = app.db.acquire().await?;
    let params = judging::params(&mut conn, competition.id).await?.unwrap_or_default();
    let statement = judging::audit_statement(&mut conn, competition.active_version_id).await?;
    Ok(Json(CompetitionMetricJson {
        version: competition.version_number.ok_or(AppError::NotFound)?,
        title: competition.metric_name().unwrap_or_default().to_owned(),
        params,
        higher_is_better: competition.higher_is_better.unwrap_or_default(),
        ranked_by: competition.ranked_by().to_vec(),
        secondary: competition.secondary().to_vec(),
        audit_reason: statement.as_ref().and_then(|said| said.answer().map(str::to_owned)),
        audit: statement.map(|said| said.overall),
        name,
    }))
}
