//! What other metrics say, as JSON.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use super::model::{Entry, Panel, SHOWN_TEAMS, Standing, Verdict};
use super::read::panel;
use crate::api::routes::routes;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::Result;
use crate::ids::TeamId;
use crate::leaderboard::read::settled_if_due;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_other_metrics))
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct OtherMetricsJson {
    /// False while files of the best 100 teams are still to be scored by a metric.
    is_complete: bool,
    metrics: Vec<OtherMetricJson>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct OtherMetricJson {
    metric: String,
    /// Beside its name: a column, an aggregation, its main parameter.
    note: String,
    higher_is_better: bool,
    /// The solution cannot be used with it.
    is_absent: bool,
    /// Whether the first of the final board is first here, too.
    keeps_the_winner: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    winner: Option<OtherStandingJson>,
    /// Of its order with the official one, over the best 100 teams: 1 is the same order, -1 the reverse. Absent where
    /// it tells no two files apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    kendall_tau: Option<f64>,
    /// The best ten teams of the final board.
    top: Vec<OtherStandingJson>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct OtherStandingJson {
    /// Null under a pseudonym.
    team_id: Option<TeamId>,
    team: String,
    final_rank: i32,
    /// Under this metric, among the best 100 teams; equal scores share a rank. Absent where the metric gives the file
    /// no score.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<usize>,
    /// On the private rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
}

impl OtherStandingJson {
    fn of(entry: &Entry, standing: Option<Standing>) -> Self {
        Self {
            team_id: entry.team.id,
            team: entry.team.name.clone(),
            final_rank: entry.rank,
            rank: standing.map(|standing| standing.rank),
            score: standing.map(|standing| standing.score),
        }
    }
}

impl OtherMetricJson {
    fn of(entries: &[Entry], verdict: Verdict) -> Self {
        let standing = |at: usize| OtherStandingJson::of(&entries[at], verdict.standings[at]);
        Self {
            keeps_the_winner: verdict.keeps_the_winner(),
            winner: verdict.winner.map(standing),
            kendall_tau: verdict.tau,
            top: (0..entries.len().min(SHOWN_TEAMS)).map(standing).collect(),
            metric: verdict.metric.metric,
            note: verdict.metric.note,
            higher_is_better: verdict.metric.higher_is_better,
            is_absent: verdict.metric.is_absent,
        }
    }
}

impl From<Option<Panel>> for OtherMetricsJson {
    fn from(panel: Option<Panel>) -> Self {
        let Some(Panel { entries, verdicts, is_complete }) = panel else {
            return Self { is_complete: false, metrics: Vec::new() };
        };
        let metrics = verdicts.into_iter().map(|verdict| OtherMetricJson::of(&entries, verdict));
        Self { is_complete, metrics: metrics.collect() }
    }
}

/// Whether another metric would have changed the winner.
///
/// Metrics of the catalogue that read the same files score the final submissions of the best 100 teams, with every
/// digit. There is none of it before the final board stands.
#[utoipa::path(
    get,
    path = paths::API_BOARD_OTHER_METRICS,
    tag = "Taking part",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "Winners, agreement and ranks under other metrics", body = OtherMetricsJson)),
)]
async fn show_other_metrics(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<OtherMetricsJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &slug, viewer.as_ref()).await?;
    let seen = settled_if_due(&app, seen).await?;
    Ok(Json(panel(&app, &seen).await?.into()))
}
