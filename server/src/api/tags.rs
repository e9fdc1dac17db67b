//! Conditional requests: every JSON answer to a GET has an `ETag` made from its bytes, and a client
//! that has those bytes already is told so. What knows its tag beforehand sets it itself.
//!
//! The tags are weak: what a proxy or we compress is still the same answer.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::AppError;

/// The largest answers are parts of lists, and far below this.
const LARGEST_ANSWER_BYTES: usize = 64 << 20;

pub async fn compare(request: Request, next: Next) -> Response {
    let is_get = request.method() == Method::GET;
    let known = request.headers().clone();
    let response = next.run(request).await;
    if is_get { tagged(response, &known).await } else { response }
}

async fn tagged(response: Response, known: &HeaderMap) -> Response {
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if response.status() != StatusCode::OK || !is_json {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    parts.headers.append(VARY, HeaderValue::from_static("authorization, cookie"));
    if parts.headers.contains_key(ETAG) {
        return Response::from_parts(parts, body);
    }
    let bytes = match to_bytes(body, LARGEST_ANSWER_BYTES).await {
        Ok(bytes) => bytes,
        Err(error) => return AppError::Internal(error.into()).into_response(),
    };
    let tag = of(&bytes);
    let is_known = matches(known, &tag);
    if let Ok(value) = HeaderValue::try_from(tag) {
        parts.headers.insert(ETAG, value);
    }
    if is_known {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(CONTENT_TYPE);
        parts.headers.remove(CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// The tag of an answer with these bytes.
pub fn of(bytes: &[u8]) -> String {
    format!("W/\"{}\"", &blake3::hash(bytes).to_hex()[..32])
}

/// Whether `If-None-Match` names this tag, compared weakly (RFC 9110, 13.1.2).
pub fn matches(known: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let lines = known.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly_one_by_one() {
        let known =
            |line: &'static str| HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(line))]);
        assert!(matches(&known("\"a\", W/\"b\""), "\"b\""));
        assert!(matches(&known("*"), "\"b\""));
        assert!(!matches(&known("\"a\""), "W/\"b\""));
        assert!(!matches(&HeaderMap::new(), "W/\"b\""));
    }
}
