//! An image's bytes, for whom may see it: its owner, and readers of a text that shows it.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::subjects;
use crate::web::shell::Shell;

/// Texts that are asked before an image counts as one that the viewer may not see.
const USES_ASKED: i64 = 20;

pub async fn show(State(app): State<App>, Path(id): Path<String>, shell: Shell) -> Result<Response> {
    let id = Uuid::try_parse(&id).map_err(|_| AppError::NotFound)?;
    let image = store::find(&mut *app.db.acquire().await?, id).await?.ok_or(AppError::NotFound)?;
    let is_own = shell.viewer.as_ref().is_some_and(|viewer| viewer.id == image.owner_id);
    if !is_own && !may_see(&app, id, shell.viewer.as_ref()).await? {
        return Err(AppError::NotFound);
    }
    let content = app.files.read_whole(&image.storage_key).await?;
    let content_type = HeaderValue::try_from(&image.content_type).map_err(anyhow::Error::from)?;
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_LENGTH, image.size_bytes.into()),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    Ok((headers, Body::from_stream(content)).into_response())
}

async fn may_see(app: &App, id: Uuid, viewer: Option<&Member>) -> Result<bool> {
    let uses = store::uses(&mut *app.db.acquire().await?, id, USES_ASKED).await?;
    for subject in uses {
        match subjects::see(app, subject, viewer).await {
            Ok(seen) if seen.require_readable().is_ok() => return Ok(true),
            Ok(_) | Err(AppError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
