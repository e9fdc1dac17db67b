//! What of a team counts in the end, as JSON.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::api::participant;
use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::ids::SubmissionId;
use crate::paths;
use crate::submissions::choose::{Choice, choose_among};
use crate::submissions::final_choice;
use crate::submissions::model::Submission;
use crate::submissions::submit::enter;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_final_selection, choose_final_selection))
}

#[derive(Serialize, utoipa::ToSchema)]
struct FinalSelectionJson {
    /// How many can be chosen.
    limit: i32,
    chosen: Vec<SubmissionId>,
    /// The best by public score: they count while nothing is chosen.
    stand_ins: Vec<SubmissionId>,
    /// Until when the choice can be changed.
    ends_at: Option<DateTime<Utc>>,
}

async fn final_selection(app: &App, slug: &str, member: &Member) -> Result<Json<FinalSelectionJson>> {
    let (seen, team_id) = participant(app, slug, member).await?;
    let mut conn = app.db.acquire().await?;
    let stands = final_choice::read(&mut conn, &seen.competition, team_id).await?;
    let ids = |submissions: &[Submission]| submissions.iter().map(|submission| submission.id).collect();
    Ok(Json(FinalSelectionJson {
        limit: stands.limit,
        chosen: ids(&stands.chosen),
        stand_ins: ids(&stands.stand_ins),
        ends_at: seen.competition.ends_at,
    }))
}

/// What of yours counts in the end, as things stand.
#[utoipa::path(
    get,
    path = paths::API_FINAL_SELECTION,
    tag = "Taking part",
    security(("token" = ["read"])),
    responses((status = 200, description = "What is chosen, and what stands in", body = FinalSelectionJson)),
)]
async fn show_final_selection(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<FinalSelectionJson>> {
    let member = caller.with(Scope::Read)?;
    final_selection(&app, &slug, &member).await
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ChosenJson {
    /// All that shall count; none for the stand-ins.
    chosen: Vec<SubmissionId>,
}

/// Choose what counts in the end: all of it at once, or nothing changes.
#[utoipa::path(
    put,
    path = paths::API_FINAL_SELECTION,
    tag = "Taking part",
    security(("token" = ["submit"])),
    request_body = ChosenJson,
    responses((status = 200, description = "The choice as it is now", body = FinalSelectionJson)),
)]
async fn choose_final_selection(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<ChosenJson>>,
) -> Result<Json<FinalSelectionJson>> {
    let member = caller.with(Scope::Submit)?;
    let entrant = enter(&app, &member, &slug).await?;
    let choice = Choice { among: None, chosen: body?.0.chosen };
    choose_among(&app, &entrant, &choice).await?;
    final_selection(&app, &slug, &member).await
}
