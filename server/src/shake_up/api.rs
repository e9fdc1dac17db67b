//! The shake-up as JSON, by rank: `?after=RANK&limit=N`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::read;
use super::store::Move;
use crate::api::paging::NextPart;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::Result;
use crate::ids::TeamId;
use crate::leaderboard;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_shake_up))
}

const TEAMS: i64 = 50;
const MOST_TEAMS: i64 = 200;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// The last private rank of the part before.
    after: Option<i32>,
    limit: Option<i64>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ShakeUpMoveJson {
    /// Null under a pseudonym.
    team_id: Option<TeamId>,
    team: String,
    /// On the private rows: the final one.
    rank: i32,
    public_rank: i32,
    /// Places gained from public to private; below zero: lost.
    gained: i32,
}

impl From<Move> for ShakeUpMoveJson {
    fn from(team: Move) -> Self {
        Self {
            gained: team.gained(),
            team_id: team.team.id,
            team: team.team.name,
            rank: team.rank,
            public_rank: team.public_rank,
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct ShakeUpJson {
    n_teams: i32,
    items: Vec<ShakeUpMoveJson>,
    /// `after` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i32>,
}

/// How far the private rows moved the teams, best first.
///
/// There is none before the final board stands.
#[utoipa::path(
    get,
    path = paths::API_SHAKE_UP,
    tag = "Taking part",
    security((), ("token" = ["read"])),
    params(Wanted),
    responses((status = 200, description = "A part of the final board", body = ShakeUpJson)),
)]
async fn show_shake_up(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(wanted): ApiQuery<Wanted>,
    caller: MaybeApiMember,
) -> Result<Response> {
    let viewer = caller.reader()?;
    let limit = wanted.limit.unwrap_or(TEAMS).clamp(1, MOST_TEAMS);
    let seen = access::see(&app, &slug, viewer.as_ref()).await?;
    let seen = leaderboard::read::settled_if_due(&app, seen).await?;
    let mut moves = read::moves(&app, &seen, wanted.after.unwrap_or(0), limit + 1).await?;
    let is_more = moves.len() as i64 > limit;
    moves.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = moves.last().filter(|_| is_more).map(|last| last.rank);
    let link = NextPart::new("after", next.as_ref());
    let items = moves.into_iter().map(ShakeUpMoveJson::from).collect();
    Ok((link, Json(ShakeUpJson { n_teams: seen.competition.n_teams, items, next })).into_response())
}
