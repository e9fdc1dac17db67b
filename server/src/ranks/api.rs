//! Two teams compared, as JSON; and what board and summary look like in JSON.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use holdout_contract::ranks::RankedPart;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::{AppError, Result};
use crate::ids::{SubmissionId, TeamId};
use crate::leaderboard::model::View;
use crate::leaderboard::read;
use crate::leaderboard::sight::BoardSight;
use crate::paths;
use crate::ranks::attach;
use crate::ranks::by_parts::{ByParts, PartDifference};
use crate::ranks::compare::{Comparison, compare};
use crate::ranks::difference::Difference;
use crate::ranks::gain::{Gain, PartGain};
use crate::ranks::model::{Summary, Unit};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_comparison))
}

/// What the ranks of a board are worth.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SummaryJson {
    /// Of the board that was looked at; ranges of an earlier one are still shown.
    revision: i64,
    /// Whether the board is still the one that was looked at; where it is not, whoever has another score now has no range.
    is_current: bool,
    /// When it was looked at; absent where nobody looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    computed_at: Option<DateTime<Utc>>,
    /// How many rows, groups or clusters the scores were computed on; of a host's own metric, without how many blocks of rows each
    /// score was asked for.
    n_units: i32,
    unit: Unit,
    /// Whether the unit is not the row.
    counts_groups: bool,
    /// Smaller differences of two scores are noise; null where teams are ranked by several metrics.
    noise: Option<f64>,
    /// The same under each of the metrics that teams are ranked by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartNoiseJson>,
    /// How far teams may move on the private rows: a mean, as a share of the table.
    shake_up: Option<f64>,
    /// How many teams were compared with each other, and have a range: the first ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_compared: Option<i32>,
    /// How many were on the board then.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_teams: Option<i32>,
    /// Why there are no ranges.
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct PartNoiseJson {
    metric: String,
    /// Null where no two files differ by chance.
    noise: Option<f64>,
}

impl SummaryJson {
    /// Beside a board of this revision.
    pub fn beside(summary: Summary, board_revision: i64) -> Self {
        let part =
            |(part, noise): (&RankedPart, Option<f64>)| PartNoiseJson { metric: part.name.clone(), noise };
        Self {
            parts: summary.noise_of_parts().map(part).collect(),
            revision: summary.board_revision,
            is_current: summary.is_current(board_revision),
            computed_at: summary.computed_at,
            n_units: summary.n_units,
            unit: summary.unit,
            counts_groups: summary.unit != Unit::Rows,
            noise: summary.noise,
            shake_up: summary.shake_up,
            n_compared: summary.n_compared,
            n_teams: summary.n_teams,
            absent: summary.absent,
        }
    }
}

/// A file beside its team's best one before, by the scores as they are shown.
#[derive(Serialize, utoipa::ToSchema)]
pub struct GainJson {
    before_id: SubmissionId,
    /// How much better; below 0: worse.
    value: f64,
    /// Smaller differences are noise; absent where nothing is known of chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    noise: Option<f64>,
    /// `files`: of the difference of these two; `board`: of teams at the top, where of these two nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    noise_of: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_noise: Option<bool>,
    /// Under each of the metrics that teams are ranked by; of the first of them is what stands above.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartGainJson>,
    sentence: String,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct PartGainJson {
    metric: String,
    /// How much better; below 0: worse.
    value: f64,
    /// Smaller differences are noise; absent where nothing is known of chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    noise: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_noise: Option<bool>,
}

impl From<Gain> for GainJson {
    fn from(gain: Gain) -> Self {
        Self {
            before_id: gain.before_id,
            value: gain.value,
            noise: gain.yardstick.noise(),
            noise_of: gain.yardstick.name(),
            is_noise: gain.is_noise(),
            sentence: gain.sentence(),
            parts: gain.parts.into_iter().map(PartGainJson::from).collect(),
        }
    }
}

impl From<PartGain> for PartGainJson {
    fn from(part: PartGain) -> Self {
        let is_noise = part.is_noise();
        Self { metric: part.name, value: part.value, noise: part.noise, is_noise }
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Teams {
    /// The id of a team on the board; the first where it is left out.
    a: Option<i64>,
    /// The id of another; the second where it is left out.
    b: Option<i64>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ComparisonJson {
    a: ComparedJson,
    b: ComparedJson,
    /// Absent where the two were not looked at together yet, and where teams are ranked by several metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<DifferenceJson>,
    /// Where teams are ranked by several metrics: the two under each of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartDifferenceJson>,
    /// And by the mean of the ranks.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_rank: Option<MeanRankDifferenceJson>,
    /// Why there is no difference, where waiting brings none.
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<String>,
    /// What the ranks of the board are worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    ranks: Option<SummaryJson>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ComparedJson {
    team_id: Option<TeamId>,
    team: String,
    rank: i64,
}

/// While the competition is open, of the scores as the board shows them.
#[derive(Serialize, utoipa::ToSchema)]
struct DifferenceJson {
    /// Of the first score less the second.
    value: f64,
    standard_error: f64,
    /// In 95 of 100 cases the true difference lies between `low` and `high`.
    low: f64,
    high: f64,
    /// How often equally good files would differ at least as much.
    p: f64,
    is_noise: bool,
    /// After the end: on how many rows (groups, clusters) the first is better; absent under metrics by which no row is won,
    /// where teams are ranked by several metrics, and far down the board.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_won: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_lost: Option<i32>,
}

impl From<Difference> for DifferenceJson {
    fn from(difference: Difference) -> Self {
        let (low, high) = difference.interval();
        Self {
            value: difference.value,
            standard_error: difference.standard_error,
            low,
            high,
            p: difference.p_value(),
            is_noise: difference.is_noise(),
            n_won: difference.duel.map(|duel| duel.n_won),
            n_lost: difference.duel.map(|duel| duel.n_lost),
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct PartDifferenceJson {
    metric: String,
    #[serde(flatten)]
    difference: DifferenceJson,
}

impl From<PartDifference> for PartDifferenceJson {
    fn from(part: PartDifference) -> Self {
        Self { metric: part.name, difference: part.difference.into() }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct MeanRankDifferenceJson {
    /// Of the first team's mean rank less the second's.
    value: f64,
    /// In 95 of 100 contests the true difference lies between `low` and `high`, and those of all other teams between theirs.
    low: f64,
    high: f64,
    /// Whether their order may be chance.
    is_noise: bool,
}

impl From<&ByParts> for MeanRankDifferenceJson {
    fn from(apart: &ByParts) -> Self {
        Self { value: apart.value, low: apart.low, high: apart.high, is_noise: apart.is_noise() }
    }
}

impl From<Comparison> for ComparisonJson {
    fn from(comparison: Comparison) -> Self {
        let is_none = comparison.difference.is_none() && comparison.by_parts.is_none();
        let absent = comparison.why_none().filter(|_| is_none).map(str::to_owned);
        let Comparison { a, b, difference, by_parts } = comparison;
        let mean_rank = by_parts.as_ref().map(MeanRankDifferenceJson::from);
        let parts = by_parts.into_iter().flat_map(|apart| apart.parts).map(PartDifferenceJson::from);
        let compared = |row: crate::leaderboard::model::Row| ComparedJson {
            team_id: row.team_id,
            team: row.team,
            rank: row.key.rank,
        };
        Self {
            a: compared(a),
            b: compared(b),
            difference: difference.map(DifferenceJson::from),
            parts: parts.collect(),
            mean_rank,
            absent,
            ranks: None,
        }
    }
}

/// Two teams of the board, compared.
///
/// On the public rows while the competition is open; on the private ones after its end. Where a board hides names, for its hosts
/// alone.
#[utoipa::path(
    get,
    path = paths::API_BOARD_COMPARE,
    tag = "Taking part",
    operation_id = "compare_teams",
    security((), ("token" = ["read"])),
    params(Teams),
    responses((status = 200, description = "How far the two are apart, and whether by more than chance", body = ComparisonJson)),
)]
async fn show_comparison(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(wanted): ApiQuery<Teams>,
    caller: MaybeApiMember,
) -> Result<Json<ComparisonJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &slug, viewer.as_ref()).await?;
    let seen = read::settled_if_due(&app, seen).await?;
    let view = View::choose(&seen.competition, app.clock.now(), false);
    let teams = [wanted.a, wanted.b].map(|id| id.map(TeamId));
    let sight = BoardSight::of(&seen);
    let found = compare(&app, &seen.competition, view, &sight, teams).await?;
    let found = found.ok_or_else(|| AppError::field("a", "Both teams must be on the board."))?;
    let summary = attach::summary(&app, &seen.competition, view).await?;
    let revision = seen.competition.board_revision;
    Ok(Json(ComparisonJson {
        ranks: summary.map(|summary| SummaryJson::beside(summary, revision)),
        ..found.into()
    }))
}
