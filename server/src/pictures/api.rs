//! The pictures as numbers.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use super::model::Pictures;
use super::read::look;
use crate::api::routes::routes;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::Result;
use crate::ids::TeamId;
use crate::leaderboard::read::settled_if_due;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_pictures))
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct RankPicturesJson {
    /// Why there are none, or none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pictures: Option<DrawnRanksJson>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct DrawnRanksJson {
    /// Of the board that was looked at.
    revision: i64,
    /// Scores were computed anew for every draw, not drawn with their covariance.
    is_exact: bool,
    n_draws: i32,
    /// The best of the final board, best first.
    teams: Vec<DrawnTeamJson>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct DrawnTeamJson {
    /// Null under a pseudonym.
    team_id: Option<TeamId>,
    team: String,
    /// How many draws give it rank 1, 2, … up to the number of teams here; the last number is of all lower ranks.
    draws_by_rank: Vec<i32>,
    /// Against each team here, itself included: how likely a lead like this one is where there is none. One-sided,
    /// on the same rows, by Holm's method. Where teams are ranked by several metrics: of a lead by the mean of ranks, all
    /// leads judged together, in steps from 0.01 on.
    p_values: Vec<f64>,
}

impl From<Pictures> for DrawnRanksJson {
    fn from(pictures: Pictures) -> Self {
        let rows = pictures.teams.into_iter().zip(pictures.frequencies).zip(pictures.p_values);
        let teams = rows.map(|((team, draws_by_rank), p_values)| DrawnTeamJson {
            team_id: team.id,
            team: team.name,
            draws_by_rank,
            // By their texts: a number of two digits stays one of two digits.
            p_values: p_values
                .iter()
                .map(|p| p.to_string().parse().unwrap_or_else(|_| f64::from(*p)))
                .collect(),
        });
        Self {
            revision: pictures.board_revision,
            is_exact: pictures.is_exact,
            n_draws: pictures.n_draws,
            teams: teams.collect(),
        }
    }
}

/// How sure the ranks of the final board are.
///
/// Of the best 25 teams: how often each takes each rank when the contest is imagined again, and which leads are
/// more than chance. There is none of it before the final board stands.
#[utoipa::path(
    get,
    path = paths::API_BOARD_PICTURES,
    tag = "Taking part",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "Frequencies of ranks, and how likely leads are chance", body = RankPicturesJson)),
)]
async fn show_pictures(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<RankPicturesJson>> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &slug, viewer.as_ref()).await?;
    let seen = settled_if_due(&app, seen).await?;
    Ok(Json(look(&app, &seen).await?.into()))
}

impl From<super::read::Look> for RankPicturesJson {
    fn from(look: super::read::Look) -> Self {
        Self {
            absent: Some(look.absent).filter(|absent| !absent.is_empty()),
            pictures: look.pictures.map(DrawnRanksJson::from),
        }
    }
}
