//! People as JSON: what everybody may see of somebody, and the caller's own profile. Never an e-mail
//! address of somebody else.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::model::Scope;
use crate::accounts::profile::{self, Wish};
use crate::accounts::store;
use crate::accounts::store::profiles::{self, Engagement};
use crate::accounts::store::users::Words;
use crate::api::body::ApiJson;
use crate::api::conditions::Condition;
use crate::api::paging::{Keyset, NextPart};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::medals::model::Medal;
use crate::medals::read::{self, Standing};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_user)).routes(routes!(show_own_profile, edit_me))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct EngagementJson {
    slug: String,
    title: String,
    ends_at: Option<DateTime<Utc>>,
    /// The team's name; empty for a host.
    team: String,
    /// On the final board, once it stands.
    rank: Option<i32>,
    /// Teams on that board.
    n_teams: Option<i32>,
    /// `gold`, `silver` or `bronze`.
    medal: Option<&'static str>,
}

impl From<Engagement> for EngagementJson {
    fn from(engagement: Engagement) -> Self {
        Self {
            rank: engagement.rank,
            n_teams: engagement.n_teams,
            medal: engagement.medal().map(Medal::name),
            slug: engagement.slug,
            title: engagement.title,
            ends_at: engagement.ends_at,
            team: engagement.team,
        }
    }
}

/// Tier and medals in one category.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct StandingJson {
    /// `competitions`, `notebooks` or `discussion`.
    category: String,
    /// `novice`, `contributor`, `expert`, `master` or `grandmaster`.
    tier: String,
    gold: i64,
    silver: i64,
    bronze: i64,
}

impl From<Standing> for StandingJson {
    fn from(standing: Standing) -> Self {
        Self {
            category: standing.category.name().to_lowercase(),
            tier: standing.tier.name().to_lowercase(),
            gold: standing.medals.gold,
            silver: standing.medals.silver,
            bronze: standing.medals.bronze,
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ActiveDayJson {
    day: NaiveDate,
    /// Things sent or written.
    n: i64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct UserProfileJson {
    username: String,
    display_name: String,
    bio: String,
    created_at: DateTime<Utc>,
    standings: Vec<StandingJson>,
    /// Of all finishes together; falls as they grow old.
    points: f64,
    /// Days of the last twelve months on which something was sent or written.
    active_days: Vec<ActiveDayJson>,
    hosted: Vec<EngagementJson>,
    /// Competitions that the person takes part in, newest first; of those that are not public only what
    /// the caller takes part in too.
    joined: Vec<EngagementJson>,
    /// `before` of the next part of `joined`; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// What others see of somebody.
#[utoipa::path(
    get,
    path = paths::API_USER,
    tag = "Account",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "The profile", body = UserProfileJson)),
)]
async fn show_user(
    State(app): State<App>,
    Path(username): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<(NextPart, Json<UserProfileJson>)> {
    let viewer = caller.reader()?.map(|viewer| viewer.id);
    let mut conn = app.db.acquire().await?;
    let profile = profiles::find(&mut conn, &username).await?.ok_or(AppError::NotFound)?;
    let joined = profiles::joined(&mut conn, profile.id, viewer, keyset.before(), keyset.fetched()).await?;
    let hosted = profiles::hosted(&mut conn, profile.id, viewer).await?;
    let record = read::record(&app, &mut conn, profile.id).await?;
    let joined = keyset.slice(joined, |engagement| engagement.competition_id).map(EngagementJson::from);
    let json = UserProfileJson {
        username: profile.username,
        display_name: profile.display_name,
        bio: profile.bio,
        created_at: profile.created_at,
        standings: record.standings.into_iter().map(StandingJson::from).collect(),
        points: record.points,
        active_days: record
            .year
            .active
            .iter()
            .map(|active| ActiveDayJson { day: active.day, n: active.n })
            .collect(),
        hosted: hosted.into_iter().map(EngagementJson::from).collect(),
        joined: joined.items,
        next: joined.next,
    };
    Ok((NextPart::new("before", json.next.as_ref()), Json(json)))
}

/// What the caller can change of what others see.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OwnProfile)]
struct OwnProfileJson {
    display_name: String,
    bio: String,
}

/// The name and the words that others see of the caller.
#[utoipa::path(
    get,
    path = paths::API_PROFILE,
    tag = "Account",
    security(("token" = ["read"])),
    responses((status = 200, description = "The profile", body = OwnProfileJson)),
)]
async fn show_own_profile(State(app): State<App>, caller: ApiMember) -> Result<Json<OwnProfileJson>> {
    let member = caller.with(Scope::Read)?;
    let mut conn = app.db.acquire().await?;
    let bio = store::users::bio(&mut conn, member.id).await?;
    Ok(Json(OwnProfileJson { display_name: member.display_name, bio }))
}

/// What is left out stays as it is.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileEdit)]
struct EditMeJson {
    #[schema(example = "Ada Lovelace")]
    display_name: Option<String>,
    bio: Option<String>,
}

/// Change the name and the words that others see.
#[utoipa::path(
    patch,
    path = paths::API_PROFILE,
    tag = "Account",
    security(("token" = ["submit"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the profile as the caller read it: change it only if it is still so")),
    request_body = EditMeJson,
    responses((status = 204, description = "The profile is as sent"), (status = 412, description = "It was changed since")),
)]
async fn edit_me(
    State(app): State<App>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<EditMeJson>>,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let ApiJson(wish) = body?;
    let wish = Wish { display_name: wish.display_name.as_deref(), bio: wish.bio.as_deref() };
    let stands =
        |words: &Words| OwnProfileJson { display_name: words.display_name.clone(), bio: words.bio.clone() };
    profile::edit(&app, &member, wish, |before| condition.hold(Some(stands(before)))).await??;
    Ok(StatusCode::NO_CONTENT)
}
