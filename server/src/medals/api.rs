//! The rules by which medals are given, as JSON. What somebody has earned stands in their profile.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::{AppError, Result};
use crate::medals::decide::decide;
use crate::medals::model::{Medal, Thresholds, last_ranks};
use crate::paths;

/// A larger board than this there is not.
const MOST_TEAMS: i64 = 10_000_000;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_medals)).routes(routes!(decide_medals))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct BoardQuery {
    /// Teams on a final board: `last_ranks` says how far each medal reaches on it.
    #[param(example = 250)]
    n_teams: Option<i64>,
}

/// One number a medal.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct EachJson {
    gold: i64,
    silver: i64,
    bronze: i64,
}

impl From<Thresholds> for EachJson {
    fn from(votes: Thresholds) -> Self {
        Self { gold: votes.gold, silver: votes.silver, bronze: votes.bronze }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct MedalsJson {
    /// Votes by others, Novices apart, that a notebook takes.
    notebook_votes: EachJson,
    /// Votes for a post less those against it.
    post_votes: EachJson,
    /// The last rank of each medal on a board of `n_teams`, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_ranks: Option<EachJson>,
}

/// What medals take, on this installation.
#[utoipa::path(
    get,
    path = paths::API_MEDALS,
    tag = "Account",
    params(BoardQuery),
    responses((status = 200, description = "The rules", body = MedalsJson)),
)]
async fn show_medals(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<BoardQuery>,
) -> Result<Json<MedalsJson>> {
    if query.n_teams.is_some_and(|n_teams| !(0..=MOST_TEAMS).contains(&n_teams)) {
        return Err(AppError::field("n_teams", format!("Between 0 and {MOST_TEAMS} teams.")));
    }
    Ok(Json(MedalsJson {
        notebook_votes: app.config.notebook_medals.into(),
        post_votes: app.config.post_medals.into(),
        last_ranks: query.n_teams.map(reach),
    }))
}

fn reach(n_teams: i64) -> EachJson {
    let all = last_ranks(n_teams);
    let of = |medal: Medal| all.iter().find(|(one, _)| *one == medal).map_or(0, |(_, last)| *last);
    EachJson { gold: of(Medal::Gold), silver: of(Medal::Silver), bronze: of(Medal::Bronze) }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CountJson {
    /// Whether finishes count towards medals, points and tiers.
    count: bool,
}

/// Have a competition count for medals or not, from its launch until its end.
///
/// Everybody reads it as `counts_for_medals` of the competition.
#[utoipa::path(
    put,
    path = paths::API_COMPETITION_MEDALS,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = CountJson,
    responses((status = 204, description = "As it is now")),
)]
async fn decide_medals(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<CountJson>>,
) -> Result<StatusCode> {
    let seen = access::see(&app, &slug, Some(&caller.member)).await?;
    caller.require(Scope::Admin)?;
    decide(&app, &caller.member, &seen, body?.0.count).await?;
    Ok(StatusCode::NO_CONTENT)
}
