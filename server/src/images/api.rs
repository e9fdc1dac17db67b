//! Images as JSON.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use super::pages::BODY_LIMIT_BYTES;
use super::upload;
use crate::accounts::model::Scope;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(upload_image)).layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ImageJson {
    address: String,
    /// Shows it in a text.
    markdown: String,
}

/// Send an image for texts: PNG, JPEG or WebP, at most 8 MiB.
///
/// It is drawn anew: at most 1,600 pixels long, without metadata. Who may read a text of the sender that
/// shows it may see it; what no text shows is removed after a day.
#[utoipa::path(
    post,
    path = paths::API_IMAGES,
    tag = "Forum",
    security(("token" = ["submit"])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file"),
    responses((status = 201, description = "It can be shown", body = ImageJson)),
)]
async fn upload_image(
    State(app): State<App>,
    caller: ApiMember,
    body: std::result::Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<(StatusCode, Json<ImageJson>)> {
    let member = caller.with(Scope::Submit)?;
    let bytes = body.map_err(|_| AppError::TooLarge("Send an image of at most 8 MiB.".to_owned()))?;
    let address = paths::image(upload::take(&app, &member, bytes.to_vec()).await?);
    let markdown = format!("![What it shows]({address})");
    Ok((StatusCode::CREATED, Json(ImageJson { address, markdown })))
}
