//! Every request has a name: in each line of the log that is written on its behalf, in the answer's header, and in
//! problems, so that a person can quote it.
//!
//! Never here, and in no line of the log: an address as it was asked for. It may hold a token; the route it matched does
//! not. A name from outside counts only behind a proxy that the operator trusts, and only if it looks like one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::app::App;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

#[derive(Debug, Clone)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Of a request; none where no server has named it, as in tests of a part.
    pub fn of(request: &Request) -> Option<String> {
        request.extensions().get::<Self>().map(|id| id.0.to_string())
    }
}

/// The outermost layer.
pub async fn name(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let is_believed = peer.is_some_and(|peer| app.config.proxies.include(peer));
    let given = if is_believed { well_formed(request.headers()) } else { None };
    let id = RequestId(given.unwrap_or_else(|| Uuid::new_v4().simple().to_string()).into());
    request.headers_mut().remove(HEADER);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id = &*id.0, method = %request.method(), route);
    request.extensions_mut().insert(id.clone());
    let started = Instant::now();
    let answer = async {
        let answer = next.run(request).await;
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = answer.status();
        if is_refusal(status) {
            tracing::info!(status = status.as_u16(), milliseconds, "refused");
        } else {
            tracing::debug!(status = status.as_u16(), milliseconds, "answered");
        }
        answer
    };
    let mut answer = answer.instrument(span).await;
    if let Ok(value) = HeaderValue::try_from(&*id.0) {
        answer.headers_mut().insert(HEADER, value);
    }
    answer
}

/// What somebody may not do, and what they sent that is not as it must be. What is absent, or was changed by another, is
/// everyday.
fn is_refusal(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::MISDIRECTED_REQUEST
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::TOO_MANY_REQUESTS
    )
}

/// 8 to 64 letters, digits, dashes and underscores.
fn well_formed(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(HEADER)?.to_str().ok()?;
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    ((8..=64).contains(&id.len()) && is_plain).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_logged_and_what_is_everyday_is_not() {
        let logged = |status: u16| is_refusal(StatusCode::from_u16(status).unwrap());
        assert!([400, 401, 403, 405, 413, 415, 421, 422, 429].into_iter().all(logged));
        assert!(![200, 204, 302, 303, 304, 404, 409, 410, 412, 500, 503, 507].into_iter().any(logged));
    }

    #[test]
    fn a_name_from_outside_looks_like_one() {
        let read = |text: &'static str| {
            well_formed(&HeaderMap::from_iter([(HEADER, HeaderValue::from_bytes(text.as_bytes()).unwrap())]))
        };
        assert_eq!(read("5c1f7d1e-93f6_4b5c").as_deref(), Some("5c1f7d1e-93f6_4b5c"));
        for wrong in ["", "short", "has a space", "quote\"quote", "new{line}", "é-not-ascii"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(read("0123456789012345678901234567890123456789012345678901234567890123456789"), None);
    }
}
