//! Bytes of notebooks: the file as it was pushed, or with its data paths led elsewhere, and pictures.
//!
//! Never here: a picture that is taken for a page. Each is served as what its bytes are, in a sandbox.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::App;
use crate::competitions::download::{Download, attachment, send};
use crate::error::{AppError, Result};
use crate::notebooks::access::{self, SeenNotebook};
use crate::notebooks::data_paths::{Target, lead};
use crate::notebooks::draw::pictures::{Digest, PictureKind};
use crate::notebooks::push::{blocking, read_whole};
use crate::notebooks::store::drawings;
use crate::web::shell::Shell;

/// What a picture may do where it is opened by itself: be looked at. Drawings colour themselves.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct FileQuery {
    /// `local` or `kaggle`: where code shall look for the competition's data. The exact bytes when left out.
    pub paths: Option<String>,
    /// Your own folder with the data; `data` when left out.
    #[param(example = "data")]
    pub folder: Option<String>,
}

pub(super) async fn download(
    State(app): State<App>,
    Path((username, notebook, number)): Path<(String, String, i32)>,
    Query(query): Query<FileQuery>,
    shell: Shell,
    asked: HeaderMap,
) -> Result<Response> {
    let seen = access::see(&app, &username, &notebook, shell.viewer.as_ref()).await?;
    send_file(&app, &seen, number, &query, &asked).await
}

/// A version's file.
///
/// # Errors
/// [`AppError::NotFound`] for a version that is not there; [`AppError::Field`] for a wish that cannot be met.
pub async fn send_file(
    app: &App,
    seen: &SeenNotebook,
    number: i32,
    query: &FileQuery,
    asked: &HeaderMap,
) -> Result<Response> {
    let mut conn = app.db.acquire().await?;
    let version = seen.version(&mut conn, Some(number)).await?;
    drop(conn);
    let name = format!("{}.ipynb", seen.notebook.slug);
    let kind = query.paths.as_deref().unwrap_or_default();
    if kind.is_empty() {
        let download = Download {
            storage_key: &version.storage_key,
            name: &name,
            size_bytes: version.size_bytes.unsigned_abs(),
            sha256_hex: version.sha256_hex(),
        };
        return send(&app.files, &download, asked).await;
    }
    let target = Target::choose(kind, query.folder.as_deref().unwrap_or_default())
        .map_err(|(field, message)| AppError::Field { field, message })?;
    let competition = seen.competition.as_ref().ok_or_else(|| {
        AppError::field(
            "paths",
            "This notebook belongs to no competition, so that it has no data paths to lead.",
        )
    })?;
    let slug = competition.competition.slug.clone();
    let bytes = read_whole(app, &version.storage_key, version.size_bytes.unsigned_abs()).await?;
    let led =
        blocking(move || lead(&bytes, &slug, &target).map_err(|error| AppError::Internal(error.into())))
            .await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_DISPOSITION, attachment(&name)),
    ];
    Ok((headers, led).into_response())
}

pub(super) async fn show_picture(
    State(app): State<App>,
    Path((username, notebook, picture)): Path<(String, String, String)>,
    shell: Shell,
) -> Result<Response> {
    let (digest, kind) = picture.split_once('.').ok_or(AppError::NotFound)?;
    let digest = Digest::from_hex(digest).ok_or(AppError::NotFound)?;
    let kind = PictureKind::named(kind).ok_or(AppError::NotFound)?;
    let seen = access::see(&app, &username, &notebook, shell.viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let stored = drawings::find_picture(&mut conn, seen.notebook.id, digest).await?;
    drop(conn);
    let stored = stored.filter(|stored| stored.kind == kind).ok_or(AppError::NotFound)?;
    let pieces =
        app.files.read(&stored.storage_key, stored.starts_at..stored.starts_at + stored.size_bytes).await?;
    let caching = if seen.notebook.is_public() && seen.notebook.competition_id.is_none() {
        "public, max-age=31536000, immutable"
    } else {
        "private, max-age=31536000, immutable"
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind.content_type())),
        (header::CONTENT_LENGTH, stored.size_bytes.into()),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PICTURE_POLICY)),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
