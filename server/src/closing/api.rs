//! Winners as JSON, and their confirmation by hosts.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::model::{Closing, Winner};
use super::{close, read};
use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_winners, confirm_winners))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct WinnerJson {
    rank: i64,
    team: String,
    /// User names of its people.
    people: Vec<String>,
    /// `gold`, `silver` or `bronze`; null where the competition counts for no medals.
    #[schema(example = "gold")]
    medal: Option<&'static str>,
    /// The private score, of the first metric where there are several.
    score: Option<f64>,
    /// What decided the rank where teams are ranked by several metrics; absent where it is the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_rank: Option<f64>,
}

impl From<Winner> for WinnerJson {
    fn from(Winner { rank, row, medal }: Winner) -> Self {
        Self {
            rank,
            team: row.team,
            people: row.people.into_iter().map(|person| person.username).collect(),
            medal: medal.map(|medal| medal.name()),
            score: row.score,
            mean_rank: row.ranked.map(|ranked| ranked.mean_rank),
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ClosingJson {
    /// The hosts' closing words, as Markdown.
    words: String,
    confirmed_by: String,
    confirmed_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    /// Teams on the final board.
    n_teams: i64,
    /// Gold medals, and the first three in any case.
    winners: Vec<WinnerJson>,
}

async fn document(app: &App, slug: &str, viewer: Option<&Member>) -> Result<Json<ClosingJson>> {
    let (seen, closing) = read::closing(app, slug, viewer).await?;
    let winners = read::winners(app, &seen).await?.ok_or(AppError::NotFound)?;
    let Closing { words, confirmed_by, confirmed_at, changed_at, .. } = closing;
    Ok(Json(ClosingJson {
        words,
        confirmed_by,
        confirmed_at,
        changed_at,
        n_teams: winners.n_teams,
        winners: winners.named.into_iter().map(WinnerJson::from).collect(),
    }))
}

/// The winners, once the competition is over and its hosts have confirmed them.
#[utoipa::path(
    get,
    path = paths::API_WINNERS,
    tag = "Taking part",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The winners and the hosts' closing words", body = ClosingJson)),
)]
async fn show_winners(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<ClosingJson>> {
    document(&app, &slug, caller.reader()?.as_ref()).await
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ConfirmJson {
    /// Markdown; may be empty.
    #[schema(max_length = 20_000, example = "Thank you all. The prizes are on their way.")]
    words: String,
}

/// Confirm the winners, or change the closing words.
#[utoipa::path(
    put,
    path = paths::API_WINNERS,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = ConfirmJson,
    responses((status = 200, description = "The page is there for everybody", body = ClosingJson)),
)]
async fn confirm_winners(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<ConfirmJson>>,
) -> Result<Json<ClosingJson>> {
    let host = caller.with(Scope::Host)?;
    let seen = close::open(&app, &slug, &host).await?;
    close::close(&app, &host, &seen, &body?.0.words).await?;
    document(&app, &slug, Some(&host)).await
}
