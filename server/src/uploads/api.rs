//! Uploads over tus 1.0, for its well-known clients, and as JSON for everybody who wants to look.

use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::model::{Member, Scope};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::files::DATA_LIMIT_BYTES;
use crate::error::{AppError, Result};
use crate::paths;
use crate::uploads::append::{Part, append};
use crate::uploads::begin::{Wish, begin};
use crate::uploads::model::{Checksum, Metadata, Purpose, Upload, UploadId};
use crate::uploads::partial::{path_of, quiet};
use crate::uploads::remove::{self, remove};
use crate::uploads::store;
use crate::uploads::tus::{self, Stands};
use crate::veil::Veil;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_uploads, begin_upload, show_protocol))
        .routes(routes!(show_upload, head_upload, append_to_upload, end_upload, override_method))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(tus::speak))
}

#[derive(Serialize, utoipa::ToSchema)]
struct UploadJson {
    id: UploadId,
    /// The competition's name in addresses; none of a bundle.
    competition: Option<String>,
    /// `submission`, `check`, `data`, `solution`, `table`, `archive` or `bundle`.
    purpose: String,
    file_name: String,
    size_bytes: i64,
    /// So many bytes are on the disk.
    offset_bytes: i64,
    expires_at: DateTime<Utc>,
    /// When it was used; its id names nothing new after that.
    spent_at: Option<DateTime<Utc>>,
}

impl From<Upload> for UploadJson {
    fn from(upload: Upload) -> Self {
        Self {
            id: upload.id,
            competition: upload.slug,
            purpose: upload.purpose,
            file_name: upload.file_name,
            size_bytes: upload.total_bytes,
            offset_bytes: upload.received_bytes,
            expires_at: upload.expires_at,
            spent_at: upload.spent_at,
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct UploadsJson {
    items: Vec<UploadJson>,
}

/// Uploads are for one or the other.
const PURPOSES: [Scope; 2] = [Scope::Submit, Scope::Host];

async fn find(app: &App, member: &Member, id: UploadId) -> Result<Upload> {
    let mut conn = app.db.acquire().await?;
    store::find(&mut conn, member.id, id, app.clock.now()).await?.ok_or(AppError::NotFound)
}

/// An upload of the caller's, whose token is good for what it will be spent on.
async fn own(app: &App, caller: ApiMember, id: UploadId) -> Result<Upload> {
    caller.require_one_of(&PURPOSES)?;
    let upload = find(app, &caller.member, id).await?;
    caller.require(upload.purpose()?.scope())?;
    Ok(upload)
}

/// Your uploads that are not used yet.
#[utoipa::path(
    get,
    path = paths::API_UPLOADS,
    tag = "Uploads",
    security(("token" = ["read"])),
    responses((status = 200, description = "The uploads, the oldest first; few, as their number is bounded", body = UploadsJson)),
)]
async fn list_uploads(State(app): State<App>, caller: ApiMember) -> Result<Json<UploadsJson>> {
    let member = caller.with(Scope::Read)?;
    let mut conn = app.db.acquire().await?;
    let open = store::list_open(&mut conn, member.id, app.clock.now()).await?;
    Ok(Json(UploadsJson { items: open.into_iter().map(UploadJson::from).collect() }))
}

/// What this server understands of tus.
#[utoipa::path(
    options,
    path = paths::API_UPLOADS,
    tag = "Uploads",
    responses((
        status = 204,
        description = "Version, extensions, checksum algorithms and the largest upload, as header fields",
        headers(
            ("Tus-Resumable" = String, description = "`1.0.0`"),
            ("Tus-Version" = String, description = "`1.0.0`"),
            ("Tus-Extension" = String, description = "What is understood besides the core of the protocol"),
            ("Tus-Checksum-Algorithm" = String, description = "`sha256,sha1`"),
            ("Tus-Max-Size" = i64, description = "Bytes of the largest upload of any purpose"),
        ),
    )),
)]
async fn show_protocol() -> impl IntoResponse {
    let headers = [
        (tus::TUS_VERSION, tus::VERSION.to_owned()),
        (tus::TUS_EXTENSION, tus::EXTENSIONS.to_owned()),
        (tus::TUS_CHECKSUM_ALGORITHM, Checksum::ALGORITHMS.to_owned()),
        (tus::TUS_MAX_SIZE, DATA_LIMIT_BYTES.to_string()),
    ];
    (StatusCode::NO_CONTENT, headers)
}

/// Begin an upload.
///
/// `Upload-Metadata` says what it is for: `competition` (its name in addresses), `purpose` (`submission`, `check`, `data`,
/// `solution`, `table`, `archive` or `bundle`) and `filename`, each with its value in base64. Solutions and labelled tables are taken
/// only when they are sealed. A bundle belongs to no competition; its address ends with a key that this server does not keep, and
/// without which nobody reads what arrived. An upload that is whole is used by naming its id where a file would be sent.
#[utoipa::path(
    post,
    path = paths::API_UPLOADS,
    operation_id = "begin_upload",
    tag = "Uploads",
    security(("token" = ["submit"]), ("token" = ["host"])),
    params(
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
        ("Upload-Length" = i64, Header, description = "Size of the whole file in bytes", minimum = 0, example = 14),
        ("Upload-Metadata" = String, Header, description = "`competition BASE64,purpose BASE64,filename BASE64`", example = "competition aG91c2UtcHJpY2Vz,purpose c3VibWlzc2lvbg==,filename cHJlZGljdGlvbnMuY3N2"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha256 BASE64` or `sha1 BASE64` of the bytes that come along"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream", description = "Nothing, or the first bytes of the file"),
    responses(
        (
            status = 201,
            description = "The upload has begun; its address is in `Location`",
            headers(
                ("Location" = String, description = "Where its bytes are sent"),
                ("Upload-Offset" = i64, description = "So many bytes are on the disk"),
                ("Upload-Expires" = String, description = "When it ends if nothing more arrives"),
                ("Tus-Resumable" = String, description = "`1.0.0`"),
            ),
        ),
        (status = 412, description = "Not this version of tus"),
        (status = 413, description = "Too large for its purpose"),
        (status = 423, description = "Another request writes"),
        (status = 460, description = "Other bytes than their checksum says"),
    ),
)]
async fn begin_upload(
    State(app): State<App>,
    caller: ApiMember,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    caller.require_one_of(&PURPOSES)?;
    let metadata = Metadata::read(tus::text(&headers, &tus::UPLOAD_METADATA).unwrap_or_default())?;
    let total_bytes = tus::number(&headers, &tus::UPLOAD_LENGTH, "Upload-Length")?;
    let purpose = Purpose::parse(&metadata.purpose).ok_or_else(|| {
        let sentence = "Say in Upload-Metadata what this upload is for: purpose, in base64, is submission, check, data, solution, table, archive or bundle.";
        AppError::field("Upload-Metadata", sentence)
    })?;
    let member: Member = caller.with(purpose.scope())?;
    let first = if tus::carries_part(&headers) { Some(tus::part(&headers, 0)?) } else { None };
    let wish = Wish {
        purpose,
        slug: &metadata.competition,
        file_name: &metadata.file_name,
        metadata: &metadata.text,
        total_bytes,
    };
    let (mut upload, veil) = begin(&app, &member, wish).await?;
    if let Some(mut part) = first {
        part.veil.clone_from(&veil);
        let begun = upload.clone();
        match append(&app, upload, part, body).await {
            Ok(further) => upload = further,
            Err(error) => {
                // Its sender does not know where it is.
                remove(&app, &begun).await?;
                return Err(error);
            }
        }
    }
    let address = match &veil {
        Some(veil) => paths::api_veiled_upload(upload.id, &veil.text()),
        None => paths::api_upload(upload.id),
    };
    let location = [(LOCATION, address)];
    Ok((StatusCode::CREATED, location, Stands(&upload), ()).into_response())
}

/// An upload of yours, for people and programs that look.
#[utoipa::path(
    get,
    path = paths::API_UPLOAD,
    tag = "Uploads",
    security(("token" = ["read"])),
    responses((status = 200, description = "The upload", body = UploadJson)),
)]
async fn show_upload(
    State(app): State<App>,
    Path(id): Path<UploadId>,
    caller: ApiMember,
) -> Result<Json<UploadJson>> {
    Ok(Json(find(&app, &caller.with(Scope::Read)?, id).await?.into()))
}

/// Ask where an upload stands, to go on from there.
///
/// Whoever still writes to it, as over a line that broke unnoticed, is stopped first: the offset is exact.
#[utoipa::path(
    head,
    path = paths::API_UPLOAD,
    operation_id = "ask_offset",
    tag = "Uploads",
    security(("token" = ["submit"]), ("token" = ["host"])),
    params(("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0")),
    responses(
        (
            status = 200,
            description = "Where it stands, as header fields",
            headers(
                ("Upload-Offset" = i64, description = "So many bytes are on the disk"),
                ("Upload-Length" = i64, description = "Size of the whole file"),
                ("Upload-Metadata" = String, description = "As it was sent"),
                ("Upload-Expires" = String, description = "When it ends if nothing more arrives"),
                ("Tus-Resumable" = String, description = "`1.0.0`"),
            ),
        ),
        (status = 412, description = "Not this version of tus"),
        (status = 423, description = "Another request writes and does not stop"),
    ),
)]
async fn head_upload(
    State(app): State<App>,
    Path(id): Path<UploadId>,
    caller: ApiMember,
) -> Result<Response> {
    let upload = own(&app, caller.clone(), id).await?;
    quiet(&app, id, &path_of(&app, &upload), remove::PATIENCE).await?;
    let upload = own(&app, caller, id).await?;
    Ok(tus::describe(&upload))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct KeyQuery {
    /// Of a bundle: the end of its address.
    key: Option<String>,
}

/// Send bytes of an upload.
///
/// The `key` is part of a bundle's address. They are on the disk before the new offset is told. What arrived over a line that broke stays, unless a checksum was sent with it.
#[utoipa::path(
    patch,
    path = paths::API_UPLOAD,
    operation_id = "append_to_upload",
    tag = "Uploads",
    security(("token" = ["submit"]), ("token" = ["host"])),
    params(
        KeyQuery,
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
        ("Upload-Offset" = i64, Header, description = "Where the upload stands", minimum = 0, example = 0),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha256 BASE64` or `sha1 BASE64` of these bytes"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream", description = "The next bytes of the file"),
    responses(
        (
            status = 204,
            description = "They are on the disk",
            headers(
                ("Upload-Offset" = i64, description = "So many bytes are on the disk"),
                ("Upload-Expires" = String, description = "When it ends if nothing more arrives"),
                ("Tus-Resumable" = String, description = "`1.0.0`"),
            ),
        ),
        (status = 409, description = "The upload stands elsewhere"),
        (status = 412, description = "Not this version of tus"),
        (status = 413, description = "More than the file has"),
        (status = 415, description = "Another content type"),
        (status = 423, description = "Another request writes"),
        (status = 460, description = "Other bytes than their checksum says"),
    ),
)]
async fn append_to_upload(
    State(app): State<App>,
    Path(id): Path<UploadId>,
    ApiQuery(key): ApiQuery<KeyQuery>,
    caller: ApiMember,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let upload = own(&app, caller, id).await?;
    let offset = tus::number(&headers, &tus::UPLOAD_OFFSET, "Upload-Offset")?;
    let veil = key.key.as_deref().and_then(Veil::parse);
    let part = Part { veil, ..tus::part(&headers, offset)? };
    let upload = append(&app, upload, part, body).await?;
    Ok((StatusCode::NO_CONTENT, Stands(&upload), ()).into_response())
}

/// End an upload. What arrived of it is removed, unless it was used.
#[utoipa::path(
    delete,
    path = paths::API_UPLOAD,
    operation_id = "end_upload",
    tag = "Uploads",
    security(("token" = ["submit"]), ("token" = ["host"])),
    params(("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0")),
    responses(
        (status = 204, description = "It is gone", headers(("Tus-Resumable" = String, description = "`1.0.0`"))),
        (status = 412, description = "Not this version of tus"),
        (status = 423, description = "Another request writes and does not stop"),
    ),
)]
async fn end_upload(
    State(app): State<App>,
    Path(id): Path<UploadId>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let upload = own(&app, caller, id).await?;
    remove(&app, &upload).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send bytes or end an upload, over a network that lets neither `PATCH` nor `DELETE` pass.
#[utoipa::path(
    post,
    path = paths::API_UPLOAD,
    operation_id = "override_upload_method",
    tag = "Uploads",
    security(("token" = ["submit"]), ("token" = ["host"])),
    params(
        KeyQuery,
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
        ("X-HTTP-Method-Override" = String, Header, description = "`PATCH` or `DELETE`", example = "PATCH"),
        ("Upload-Offset" = Option<i64>, Header, description = "Where the upload stands; for `PATCH`", minimum = 0, example = 0),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha256 BASE64` or `sha1 BASE64` of these bytes"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream", description = "The next bytes of the file"),
    responses(
        (status = 204, description = "As the method that it stands for", headers(("Tus-Resumable" = String, description = "`1.0.0`"))),
        (status = 405, description = "It stands for another method"),
        (status = 409, description = "The upload stands elsewhere"),
        (status = 412, description = "Not this version of tus"),
        (status = 413, description = "More than the file has"),
        (status = 415, description = "Another content type"),
        (status = 423, description = "Another request writes"),
        (status = 460, description = "Other bytes than their checksum says"),
    ),
)]
async fn override_method(
    state: State<App>,
    path: Path<UploadId>,
    key: ApiQuery<KeyQuery>,
    caller: ApiMember,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    match tus::text(&headers, &tus::METHOD_OVERRIDE) {
        Some("PATCH") => append_to_upload(state, path, key, caller, headers, body).await,
        Some("DELETE") => Ok(end_upload(state, path, caller).await?.into_response()),
        _ => Err(AppError::WrongMethod),
    }
}
