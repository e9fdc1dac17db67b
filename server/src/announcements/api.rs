//! Announcements as JSON: read by everybody who sees the competition, written by hosts.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::model::{Announcement, Wish};
use super::{announce, read};
use crate::api::body::ApiJson;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::api::as_host;
use crate::error::Result;
use crate::ids::BulletinId;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_announcements, post_announcement))
        .routes(routes!(show_announcement, correct_announcement))
        .routes(routes!(withdraw_announcement))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct AnnouncementJson {
    id: BulletinId,
    title: String,
    /// Markdown.
    text: String,
    /// Empty where the account is gone.
    posted_by: String,
    posted_at: DateTime<Utc>,
    /// When title or text were last changed; null: never.
    corrected_at: Option<DateTime<Utc>>,
    /// Null while it holds.
    withdrawn_at: Option<DateTime<Utc>>,
    withdrawn_because: Option<String>,
}

impl From<Announcement> for AnnouncementJson {
    fn from(announcement: Announcement) -> Self {
        Self {
            id: announcement.id,
            title: announcement.title,
            text: announcement.markdown,
            posted_by: announcement.posted_by,
            posted_at: announcement.posted_at,
            corrected_at: announcement.corrected_at,
            withdrawn_at: announcement.withdrawn_at,
            withdrawn_because: announcement.withdrawn_because,
        }
    }
}

async fn document(app: &App, seen: &Seen, id: BulletinId) -> Result<AnnouncementJson> {
    Ok(read::find(app, seen, id).await?.into())
}

/// What the hosts announced, newest first.
#[utoipa::path(
    get,
    path = paths::API_ANNOUNCEMENTS,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Announcements, newest first", body = Slice<AnnouncementJson>)),
)]
async fn list_announcements(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<AnnouncementJson>> {
    let seen = access::see(&app, &slug, caller.reader()?.as_ref()).await?;
    Ok(read::list(&app, &seen, keyset).await?.map(AnnouncementJson::from))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AnnounceJson {
    #[schema(min_length = 3, max_length = 150, example = "One more week")]
    title: String,
    /// Markdown.
    #[schema(min_length = 1, max_length = 40_000, example = "The end moves to the 14th.")]
    text: String,
}

impl From<AnnounceJson> for Wish {
    fn from(AnnounceJson { title, text }: AnnounceJson) -> Self {
        Self { title, text }
    }
}

/// Announce something to everybody who takes part: told once, on the site and by mail as each of them wants it.
///
/// It cannot be unsent. At most three within a day.
#[utoipa::path(
    post,
    path = paths::API_ANNOUNCEMENTS,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = AnnounceJson,
    responses((status = 201, description = "It is on the site, and people are being told", body = AnnouncementJson)),
)]
async fn post_announcement(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<AnnounceJson>>,
) -> Result<(StatusCode, Json<AnnouncementJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let id = announce::announce(&app, &host, &seen, &body?.0.into()).await?;
    Ok((StatusCode::CREATED, Json(document(&app, &seen, id).await?)))
}

/// One announcement.
#[utoipa::path(
    get,
    path = paths::API_ANNOUNCEMENT,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The announcement", body = AnnouncementJson)),
)]
async fn show_announcement(
    State(app): State<App>,
    Path((slug, id)): Path<(String, BulletinId)>,
    caller: MaybeApiMember,
) -> Result<Json<AnnouncementJson>> {
    let seen = access::see(&app, &slug, caller.reader()?.as_ref()).await?;
    Ok(Json(document(&app, &seen, id).await?))
}

/// Correct an announcement: it says so from now on, and people are not told again.
#[utoipa::path(
    put,
    path = paths::API_ANNOUNCEMENT,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = AnnounceJson,
    responses((status = 200, description = "As it stands now", body = AnnouncementJson)),
)]
async fn correct_announcement(
    State(app): State<App>,
    Path((slug, id)): Path<(String, BulletinId)>,
    caller: ApiMember,
    body: Result<ApiJson<AnnounceJson>>,
) -> Result<Json<AnnouncementJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    announce::correct(&app, &host, &seen, id, &body?.0.into()).await?;
    Ok(Json(document(&app, &seen, id).await?))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct WithdrawAnnouncementJson {
    /// Everybody reads it.
    #[schema(min_length = 1, max_length = 1000, example = "The date was wrong.")]
    reason: String,
}

/// Withdraw an announcement: its text stays, marked, with the reason.
#[utoipa::path(
    post,
    path = paths::API_ANNOUNCEMENT_WITHDRAW,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = WithdrawAnnouncementJson,
    responses((status = 200, description = "As it stands now", body = AnnouncementJson)),
)]
async fn withdraw_announcement(
    State(app): State<App>,
    Path((slug, id)): Path<(String, BulletinId)>,
    caller: ApiMember,
    body: Result<ApiJson<WithdrawAnnouncementJson>>,
) -> Result<Json<AnnouncementJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    announce::withdraw(&app, &host, &seen, id, &body?.0.reason).await?;
    Ok(Json(document(&app, &seen, id).await?))
}
