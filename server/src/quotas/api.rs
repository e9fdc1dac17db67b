//! Room for files as JSON.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::change::{Named, allow, allow_everybody};
use super::model::{Allowed, Large, Usage};
use super::read::{self, SiteRoom};
use super::store;
use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::api::as_host;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_my_room))
        .routes(routes!(show_room_of_competition))
        .routes(routes!(show_room, change_room))
        .routes(routes!(allow_person))
        .routes(routes!(allow_competition))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct RoomJson {
    used_bytes: i64,
    allowed_bytes: i64,
    /// Whether an administrator allowed this one another number than everybody.
    is_exception: bool,
    /// Of what is used: data, solutions, labelled tables and metrics of a competition; for a person, of those they made.
    data_bytes: i64,
    submission_bytes: i64,
    /// Versions, and what runs of them made. They are their authors', and no competition's.
    notebook_bytes: i64,
    /// Images, checks, bundles, and uploads that are on their way.
    other_bytes: i64,
}

impl From<Usage> for RoomJson {
    fn from(usage: Usage) -> Self {
        let Usage { kept, allowed_bytes, is_exception } = usage;
        Self {
            used_bytes: kept.used_bytes(),
            allowed_bytes,
            is_exception,
            data_bytes: kept.data_bytes,
            submission_bytes: kept.submission_bytes,
            notebook_bytes: kept.notebook_bytes,
            other_bytes: kept.other_bytes,
        }
    }
}

/// How much room the caller's files take, and how much they may.
#[utoipa::path(
    get,
    path = paths::API_MY_ROOM,
    tag = "Account",
    security(("token" = ["read"])),
    responses((status = 200, description = "In bytes", body = RoomJson)),
)]
async fn show_my_room(State(app): State<App>, caller: ApiMember) -> Result<Json<RoomJson>> {
    let member = caller.with(Scope::Read)?;
    Ok(Json(store::of_person(&mut *app.db.acquire().await?, member.id).await?.into()))
}

/// How much room a competition's files take, and how much they may; for its hosts.
#[utoipa::path(
    get,
    path = paths::API_ROOM_OF_COMPETITION,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 200, description = "In bytes", body = RoomJson)),
)]
async fn show_room_of_competition(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<RoomJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    Ok(Json(store::of_competition(&mut *app.db.acquire().await?, seen.competition.id).await?.into()))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SiteRoomJson {
    /// What each person may keep, but for exceptions.
    person_bytes: i64,
    /// What each competition may keep, but for exceptions.
    competition_bytes: i64,
    /// What the whole site keeps, as it was last added up, within the hour; null before it first was.
    used_bytes: Option<i64>,
    /// Those whose files take most room.
    people: Vec<LargeRoomJson>,
    competitions: Vec<LargeRoomJson>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct LargeRoomJson {
    /// The user name, or the competition's name in addresses.
    name: String,
    #[serde(flatten)]
    room: RoomJson,
}

impl From<Large> for LargeRoomJson {
    fn from(large: Large) -> Self {
        Self { name: large.name, room: large.usage.into() }
    }
}

impl From<SiteRoom> for SiteRoomJson {
    fn from(SiteRoom { allowed, used_bytes, people, competitions }: SiteRoom) -> Self {
        Self {
            person_bytes: allowed.person_bytes,
            competition_bytes: allowed.competition_bytes,
            used_bytes,
            people: people.into_iter().map(LargeRoomJson::from).collect(),
            competitions: competitions.into_iter().map(LargeRoomJson::from).collect(),
        }
    }
}

/// Whose files take most room, and what everybody may keep.
#[utoipa::path(
    get,
    path = paths::API_ADMIN_ROOM,
    tag = "Administration",
    security(("token" = ["admin"])),
    responses((status = 200, description = "The site's room", body = SiteRoomJson)),
)]
async fn show_room(State(app): State<App>, caller: ApiMember) -> Result<Json<SiteRoomJson>> {
    caller.require(Scope::Admin)?;
    Ok(Json(read::site(&app).await?.into()))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeRoomJson {
    #[schema(example = 50_000_000_000_i64)]
    person_bytes: i64,
    #[schema(example = 500_000_000_000_i64)]
    competition_bytes: i64,
}

/// Change what everybody may keep. What is kept already stays, and more is refused until it fits.
#[utoipa::path(
    put,
    path = paths::API_ADMIN_ROOM,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = ChangeRoomJson,
    responses((status = 200, description = "As it is now", body = SiteRoomJson)),
)]
async fn change_room(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<ChangeRoomJson>>,
) -> Result<Json<SiteRoomJson>> {
    let admin = caller.with(Scope::Admin)?;
    let ApiJson(ChangeRoomJson { person_bytes, competition_bytes }) = body?;
    allow_everybody(&app, &admin, Allowed { person_bytes, competition_bytes }).await?;
    Ok(Json(read::site(&app).await?.into()))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AllowRoomJson {
    /// Null: as everybody. Has to be said: what is left out is no answer.
    #[serde(deserialize_with = "said")]
    #[schema(required, example = 200_000_000_000_i64)]
    allowed_bytes: Option<i64>,
}

fn said<'de, D: Deserializer<'de>>(bytes: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(bytes)
}

/// Let a person keep more or less than others.
#[utoipa::path(
    put,
    path = paths::API_ADMIN_ROOM_OF_PERSON,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = AllowRoomJson,
    responses((status = 200, description = "As it is now", body = RoomJson)),
)]
async fn allow_person(
    State(app): State<App>,
    Path(username): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<AllowRoomJson>>,
) -> Result<Json<RoomJson>> {
    let admin = caller.with(Scope::Admin)?;
    let bytes = body?.0.allowed_bytes;
    Ok(Json(allow(&app, &admin, Named::Person(&username), bytes).await?.into()))
}

/// Let a competition keep more or less than others.
#[utoipa::path(
    put,
    path = paths::API_ADMIN_ROOM_OF_COMPETITION,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = AllowRoomJson,
    responses((status = 200, description = "As it is now", body = RoomJson)),
)]
async fn allow_competition(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<AllowRoomJson>>,
) -> Result<Json<RoomJson>> {
    let admin = caller.with(Scope::Admin)?;
    let bytes = body?.0.allowed_bytes;
    Ok(Json(allow(&app, &admin, Named::Competition(&slug), bytes).await?.into()))
}
