//! Final boards computed again, as JSON.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::model::Scope;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::ids::{CompetitionId, SubmissionId};
use crate::medals::recompute::{Difference, Place, Recomputed, TierChange, recompute};
use crate::medals::store::recomputed;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_recomputed_board)).routes(routes!(list_final_boards))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PlaceJson {
    rank: i64,
    public_rank: i64,
    submission_id: SubmissionId,
    private_score: f64,
    public_score: Option<f64>,
    /// People in the team when the final board first stood; null for a team without people.
    n_members: Option<i64>,
    /// `gold`, `silver` or `bronze`.
    medal: Option<&'static str>,
    /// As of now: points fall with time.
    points: f64,
}

impl From<Place> for PlaceJson {
    fn from(Place { stand, medal, points, .. }: Place) -> Self {
        Self {
            rank: stand.rank,
            public_rank: stand.public_rank,
            submission_id: stand.submission_id,
            private_score: stand.private_score,
            public_score: stand.public_score,
            n_members: stand.n_members,
            medal: medal.map(|medal| medal.name()),
            points,
        }
    }
}

/// Somebody's tier in competitions that is another one under the board that the history gives.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TierChangeJson {
    username: String,
    #[schema(example = "Expert")]
    stored: &'static str,
    given: &'static str,
}

impl From<TierChange> for TierChangeJson {
    fn from(TierChange { username, stored, given }: TierChange) -> Self {
        Self { username, stored: stored.name(), given: given.name() }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct BoardDifferenceJson {
    team: String,
    /// Null where the stored board lacks the team.
    stored: Option<PlaceJson>,
    /// Null where the history gives the team no place.
    given: Option<PlaceJson>,
    tiers: Vec<TierChangeJson>,
}

impl From<Difference> for BoardDifferenceJson {
    fn from(difference: Difference) -> Self {
        Self {
            team: difference.team,
            stored: difference.stored.map(PlaceJson::from),
            given: difference.given.map(PlaceJson::from),
            tiers: difference.tiers.into_iter().map(TierChangeJson::from).collect(),
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct RecomputedBoardJson {
    /// Every row came out the same, to the last bit, and so did medals and points.
    is_same: bool,
    /// Teams on the board that the history gives.
    n_teams: i64,
    counts_for_medals: bool,
    n_differences: usize,
    /// The first 100 of them, best ranks first.
    differences: Vec<BoardDifferenceJson>,
}

impl From<Recomputed> for RecomputedBoardJson {
    fn from(recomputed: Recomputed) -> Self {
        Self {
            is_same: recomputed.is_same(),
            n_teams: recomputed.n_teams,
            counts_for_medals: recomputed.counts_for_medals,
            n_differences: recomputed.n_differences,
            differences: recomputed.differences.into_iter().map(BoardDifferenceJson::from).collect(),
        }
    }
}

/// The final board made anew from submissions, scores, selections and decisions, and compared with what is stored.
#[utoipa::path(
    get,
    path = paths::API_RECOMPUTED_BOARD,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "What differs", body = RecomputedBoardJson)),
)]
async fn show_recomputed_board(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<RecomputedBoardJson>> {
    let host = caller.with(Scope::Host)?;
    Ok(Json(recompute(&app, &slug, &host).await?.into()))
}

/// A competition whose final board stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct FinalBoardJson {
    id: CompetitionId,
    slug: String,
    title: String,
    ended_at: DateTime<Utc>,
}

/// Every competition whose final board stands.
#[utoipa::path(
    get,
    path = paths::API_ADMIN_FINAL_BOARDS,
    tag = "Administration",
    security(("token" = ["admin"])),
    params(Keyset),
    responses((status = 200, description = "Competitions, newest first", body = Slice<FinalBoardJson>)),
)]
async fn list_final_boards(
    State(app): State<App>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<FinalBoardJson>> {
    caller.require(Scope::Admin)?;
    let mut conn = app.db.acquire().await?;
    let settled = recomputed::settled(&mut conn, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(settled, |one| one.id.0).map(|one| FinalBoardJson {
        id: one.id,
        slug: one.slug,
        title: one.title,
        ended_at: one.ended_at,
    }))
}
