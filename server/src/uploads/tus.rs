//! The headers of tus 1.0 (<https://tus.io/protocols/resumable-upload>): core, creation, creation with
//! upload, expiration, termination, checksum.

use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};

use crate::error::{AppError, MEDIA_TYPE, PRECONDITION, Result};
use crate::uploads::append::Part;
use crate::uploads::model::{Checksum, Upload};
use crate::web::format::http_date;

pub const VERSION: &str = "1.0.0";
pub const EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination,checksum";
/// The type of a part's bytes.
pub const PART: &str = "application/offset+octet-stream";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
pub const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
pub const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
pub const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// Refuses requests in another version of the protocol, and marks every answer with this one.
pub async fn speak(request: Request, next: Next) -> Response {
    let is_of_the_protocol =
        [Method::POST, Method::HEAD, Method::PATCH, Method::DELETE].contains(request.method());
    let is_understood = text(request.headers(), &TUS_RESUMABLE) == Some(VERSION);
    let mut response = if is_of_the_protocol && !is_understood {
        let sentence =
            format!("Send the header Tus-Resumable: {VERSION}; no other version is understood here.");
        let mut refusal = AppError::of(PRECONDITION, sentence).into_response();
        refusal.headers_mut().insert(TUS_VERSION, HeaderValue::from_static(VERSION));
        refusal
    } else {
        next.run(request).await
    };
    response.headers_mut().insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

/// Where an upload stands, as header fields of an answer.
pub struct Stands<'a>(pub &'a Upload);

impl IntoResponseParts for Stands<'_> {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        let Self(upload) = self;
        let headers = parts.headers_mut();
        headers.insert(UPLOAD_OFFSET, upload.offset().into());
        if let Ok(expires) = HeaderValue::try_from(http_date(&upload.expires_at)) {
            headers.insert(UPLOAD_EXPIRES, expires);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(parts)
    }
}

/// The answer to `HEAD`: offset, length, and what the sender said of the file.
pub fn describe(upload: &Upload) -> Response {
    let mut response = (StatusCode::OK, Stands(upload), ()).into_response();
    let headers = response.headers_mut();
    headers.insert(UPLOAD_LENGTH, upload.total().into());
    if let Ok(metadata) = HeaderValue::try_from(&upload.metadata)
        && !metadata.is_empty()
    {
        headers.insert(UPLOAD_METADATA, metadata);
    }
    response
}

/// The text of a header field, where there is one.
pub fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// A length or an offset.
///
/// # Errors
/// [`AppError::Field`] when it is missing or no number.
pub fn number(headers: &HeaderMap, name: &HeaderName, shown_as: &'static str) -> Result<u64> {
    text(headers, name)
        .and_then(|value| value.parse::<u64>().ok())
        .filter(|number| i64::try_from(*number).is_ok())
        .ok_or_else(|| {
            AppError::field(shown_as, format!("Send the header {shown_as} with a number of bytes."))
        })
}

/// The part that a request carries.
///
/// # Errors
/// A problem of the kind `media_type` for a body of another type; [`AppError::Field`].
pub fn part(headers: &HeaderMap, offset: u64) -> Result<Part> {
    if text(headers, &CONTENT_TYPE) != Some(PART) {
        return Err(AppError::of(MEDIA_TYPE, format!("Send bytes as Content-Type: {PART}.")));
    }
    let length = text(headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let checksum = text(headers, &UPLOAD_CHECKSUM).map(Checksum::read).transpose()?;
    Ok(Part { offset, length, checksum, veil: None })
}

/// Whether a request that begins an upload carries its first part as well.
pub fn carries_part(headers: &HeaderMap) -> bool {
    text(headers, &CONTENT_TYPE) == Some(PART)
}
