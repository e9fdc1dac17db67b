//! Sending by way of the object store, as JSON: ask for an address, put the file there, say so.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::error::{AppError, Result};
use crate::files::UPLOAD_LASTS;
use crate::paths;
use crate::submissions::api::{SubmissionJson, document};
use crate::submissions::direct::{self, About, Announced};
use crate::submissions::submit::enter;
use crate::web::upload::last_part;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post_direct_upload)).routes(routes!(finish_direct_upload))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AnnouncedFile)]
struct AnnouncedJson {
    #[schema(minimum = 0, example = 18044)]
    size_bytes: u64,
    /// In hexadecimal.
    #[schema(
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    sha256: String,
    #[serde(default)]
    #[schema(example = "predictions.csv")]
    file_name: String,
    /// A note to yourself; up to 500 characters.
    #[serde(default)]
    description: String,
}

impl AnnouncedJson {
    fn announced(&self) -> Result<Announced> {
        let bytes = hex::decode(&self.sha256).ok().and_then(|bytes| bytes.try_into().ok());
        let sha256 =
            bytes.ok_or_else(|| AppError::field("sha256", "A SHA-256 has 64 hexadecimal digits."))?;
        Ok(Announced { size_bytes: self.size_bytes, sha256 })
    }
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DirectUpload)]
struct OpenedJson {
    id: Uuid,
    /// Always `PUT`.
    method: &'static str,
    /// Put the file here, without the token of this API.
    url: String,
    /// Send these with the file, exactly so, and the announced length as `Content-Length`, as clients do by themselves.
    headers: BTreeMap<&'static str, String>,
    /// Until then the file must begin to arrive.
    expires_at: DateTime<Utc>,
}

/// Ask where to put a large file.
///
/// Where the operator allows it, a file can be put into the object store directly: exactly the announced bytes. Nothing is
/// received before it is said to be there. Its room is held from now on, until it is received or a day has passed; asked again
/// for the same file, this gives the same place. Ten of a person's may be open.
#[utoipa::path(
    post,
    path = paths::API_DIRECT_UPLOADS,
    operation_id = "open_direct_upload",
    tag = "Taking part",
    security(("token" = ["submit"])),
    request_body = AnnouncedJson,
    responses((status = 201, description = "Where to put the file, and how", body = OpenedJson)),
)]
async fn post_direct_upload(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<AnnouncedJson>>,
) -> Result<(StatusCode, Json<OpenedJson>)> {
    let member = caller.with(Scope::Submit)?;
    let entrant = enter(&app, &member, &slug).await?;
    let ApiJson(file) = body?;
    let opened = direct::open(&app, &entrant, file.announced()?).await?;
    let json = OpenedJson {
        id: opened.id,
        method: "PUT",
        url: opened.slot.url,
        headers: opened.slot.headers.into_iter().collect(),
        expires_at: app.clock.now() + UPLOAD_LASTS,
    };
    Ok((StatusCode::CREATED, Json(json)))
}

/// Say that the file is there: it becomes a submission.
///
/// Asked again, this answers with the same submission.
#[utoipa::path(
    post,
    path = paths::API_DIRECT_UPLOAD,
    operation_id = "finish_direct_upload",
    tag = "Taking part",
    security(("token" = ["submit"])),
    request_body = AnnouncedJson,
    responses((status = 201, description = "Received", body = SubmissionJson)),
)]
async fn finish_direct_upload(
    State(app): State<App>,
    Path((slug, id)): Path<(String, Uuid)>,
    caller: ApiMember,
    body: Result<ApiJson<AnnouncedJson>>,
) -> Result<(StatusCode, Json<SubmissionJson>)> {
    let member = caller.with(Scope::Submit)?;
    let entrant = enter(&app, &member, &slug).await?;
    let ApiJson(file) = body?;
    let about =
        About { file_name: last_part(&file.file_name), description: file.description.trim().to_owned() };
    let receipt = direct::take_in(&app, &entrant, id, file.announced()?, about).await?;
    let seen = access::see(&app, &slug, Some(&member)).await?;
    let document = document(&app, &seen, receipt.submission.team_id, receipt.submission.id).await?;
    Ok((StatusCode::CREATED, Json(document)))
}
