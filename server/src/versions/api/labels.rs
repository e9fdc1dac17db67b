//! The release of the labels as JSON, and the file.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::api::body::ApiJson;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::api::as_host;
use crate::competitions::download::{Download, hand_out};
use crate::error::{AppError, Result};
use crate::leaderboard::read::settled_if_due;
use crate::paths;
use crate::versions::model::{Release, ReleasedFile};
use crate::versions::release;

/// Labels that their host released.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct LabelsJson {
    version: i32,
    reason: String,
    by: Option<String>,
    asked_at: DateTime<Utc>,
    /// Absent while a scorer is about to publish them, which hosts alone see.
    #[serde(skip_serializing_if = "Option::is_none")]
    released_at: Option<DateTime<Utc>>,
    /// Why a scorer could not publish them; for hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    /// Of the version's commitment, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<i64>,
    /// Of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl From<Release> for LabelsJson {
    fn from(release: Release) -> Self {
        let file = release.file.as_ref();
        Self {
            released_at: file.map(|file| file.at),
            salt: file.map(ReleasedFile::salt_hex),
            size_bytes: file.map(|file| file.size_bytes),
            sha256: file.map(|file| hex::encode(&file.sha256)),
            version: release.version,
            reason: release.reason,
            by: release.asked_by,
            asked_at: release.asked_at,
            failure: release.failure,
        }
    }
}

async fn document(app: &App, seen: &Seen) -> Result<Json<LabelsJson>> {
    Ok(Json(release::find(app, seen).await?.ok_or(AppError::NotFound)?.into()))
}

/// The labels, once their host released them: whose they are, and the salt of the commitment to them.
#[utoipa::path(
    get,
    path = paths::API_LABELS,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "What was released", body = LabelsJson)),
)]
pub(super) async fn show_labels(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<LabelsJson>> {
    let viewer = caller.reader()?;
    document(&app, &access::see(&app, &slug, viewer.as_ref()).await?).await
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseLabelsJson {
    #[schema(example = "So that everybody can check the board.")]
    reason: String,
}

/// Release the labels, for good.
///
/// A scorer holds them against what was committed to and publishes them. From then on everybody has them: late submissions can be
/// perfect. Refused before the final board stands.
#[utoipa::path(
    post,
    path = paths::API_LABELS,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = ReleaseLabelsJson,
    responses((status = 202, description = "A scorer is about to publish them", body = LabelsJson)),
)]
pub(super) async fn release_labels(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<ReleaseLabelsJson>>,
) -> Result<(StatusCode, Json<LabelsJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let seen = settled_if_due(&app, seen).await?;
    release::ask(&app, &host, &seen, &body?.0.reason).await?;
    Ok((StatusCode::ACCEPTED, document(&app, &seen).await?))
}

/// The file of the labels that were released.
#[utoipa::path(
    get,
    path = paths::API_LABELS_FILE,
    operation_id = "download_labels",
    tag = "Competitions",
    security((), ("token" = ["read"])),
    params(("Range" = Option<String>, Header, description = "`bytes=FIRST-LAST`, to go on where a download broke off")),
    responses((status = 200, description = "The whole file", body = [u8], content_type = "application/octet-stream"), (status = 206, description = "The part that `Range` asked for", body = [u8], content_type = "application/octet-stream"), (status = 307, description = "The file is at the address in `Location`, for a short while"), (status = 416, description = "The range lies outside the file")),
)]
pub(super) async fn send_labels(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
    asked: HeaderMap,
) -> Result<Response> {
    let viewer = caller.reader()?;
    let seen = access::see(&app, &slug, viewer.as_ref()).await?;
    let file = release::file(&app, &seen).await?;
    hand_out(&app, &Download::from(&file), &asked).await
}
