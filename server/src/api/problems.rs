//! Errors as `application/problem+json`.

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::{Problem, adopt};
use crate::web::request_id::RequestId;

pub async fn draw(request: Request, next: Next) -> Response {
    let request_id = RequestId::of(&request);
    // Rooms judge bodies and queries themselves: what the framework refuses is an address.
    let mut response = adopt(true, next.run(request).await);
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let problem = Problem { request_id, ..problem };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    if problem.status == 401 {
        parts.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Holdout\""));
    }
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    (parts, body).into_response()
}
