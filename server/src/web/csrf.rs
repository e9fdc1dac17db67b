//! Forged requests: what a foreign page makes a browser send is refused before a handler runs.
//!
//! Two rules. A request whose `Sec-Fetch-Site` or `Origin` names another site is refused, whoever
//! sends it. A request that the session cookie authenticates must show that it comes from this
//! site: silence is not enough. Cookies are `SameSite=Lax` besides, and no GET changes anything.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::accounts::sessions;
use crate::app::App;
use crate::error::{AppError, Result};

const FORGED: &str = "This request did not come from a page of this site, so it was not carried out. \
    Open the page here and try again.";

/// Puts the first rule around `router`.
pub fn refuse_foreign(app: &App, router: Router<App>) -> Router<App> {
    let layer = CsrfLayer::new();
    let layer = layer.clone().add_trusted_origin(origin_of(&app.config.public_url)).unwrap_or(layer);
    router.layer(layer.with_rejection_response(refusal as fn(ProtectionError) -> Response<Body>))
}

/// Puts the second rule around pages, which know their visitor by the cookie alone.
pub fn refuse_silent(app: &App, router: Router<App>) -> Router<App> {
    router.layer(from_fn_with_state(app.clone(), guard))
}

async fn guard(State(app): State<App>, request: Request, next: Next) -> Result<Response> {
    let (parts, body) = request.into_parts();
    require_same_origin(&app, &parts)?;
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// Lets a request pass that changes nothing, carries no session, or proves that it was made by a
/// page of this site.
///
/// # Errors
/// [`AppError::Refused`] for all others.
pub fn require_same_origin(app: &App, parts: &Parts) -> Result<()> {
    let has_session = sessions::read_cookie(&app.config, &parts.headers).is_some();
    if parts.method.is_safe() || !has_session || is_same_origin(app, &parts.headers) {
        Ok(())
    } else {
        Err(AppError::refused(FORGED))
    }
}

fn is_same_origin(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none"; // none: the person, not a page, sent it
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else { return false };
    let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
    origin == origin_of(&app.config.public_url) || text(header::HOST.as_str()) == Some(authority)
}

/// Scheme and host of an address.
fn origin_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    url[start..].find('/').map_or(url, |length| &url[..start + length])
}

fn refusal(_: ProtectionError) -> Response<Body> {
    AppError::refused(FORGED).into_response()
}

#[cfg(test)]
mod tests {
    use super::origin_of;

    #[test]
    fn an_origin_is_scheme_and_host_alone() {
        assert_eq!(origin_of("https://holdout.example:8443/sub/path"), "https://holdout.example:8443");
        assert_eq!(origin_of("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
    }
}
