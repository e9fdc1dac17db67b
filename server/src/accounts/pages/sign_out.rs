//! Signing out: here, then where somebody came from; and by word of a provider's own server.

use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::{Form, Json, Router};
use serde::{Deserialize, Serialize};

use crate::accounts::client::Client;
use crate::accounts::providers::logout::{self, Failure};
use crate::accounts::providers::offered::provider;
use crate::accounts::providers::sign_out::{self, came_back};
use crate::accounts::{sessions, sign_in};
use crate::app::App;
use crate::error::{AppError, Cause, Result};
use crate::paths;
use crate::web::cookies;
use crate::web::routing::{get, post};
use crate::web::shell::{self, Shell};

/// Where somebody is who has signed out; the page's script tells other tabs.
const HOME_SIGNED_OUT: &str = "/#signed-out";
/// What the browser kept of pages, and what their scripts kept in it. Not cookies: those of other hosts of the domain are not
/// ours to remove (the session's goes by itself).
const CLEAR: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\""));

/// Tokens are of some hundred bytes.
const LONGEST_LOGOUT_BYTES: usize = 64 << 10;

pub fn router() -> Router<App> {
    let receive = post(receive_logout).layer(DefaultBodyLimit::max(LONGEST_LOGOUT_BYTES));
    Router::new()
        .route(paths::SIGN_OUT, post(post_sign_out))
        .route(paths::SIGNED_OUT, get(show_signed_out))
        .route(paths::PROVIDER_LOGOUT, receive)
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/signed_out.html")]
pub struct SignedOutPage {
    pub shell: Shell,
    /// Where the browser can go next to sign out, at whose place.
    pub leads_to: Option<(String, String)>,
    /// Who was asked to sign the person out, and led back here.
    pub came_from: Option<String>,
}

impl SignedOutPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::default(),
            leads_to: Some(("The lab".to_owned(), "https://lab.example/logout".to_owned())),
            came_from: Some("The lab".to_owned()),
        }
    }
}

/// The session here ends first. The page's policy lets no form lead elsewhere, so the person follows a link.
async fn post_sign_out(State(app): State<App>, shell: Shell, client: Client) -> Result<Response> {
    let way = match sign_in::sign_out(&app, &client).await? {
        Some(origin) => sign_out::way(&app, &origin).await,
        None => None,
    };
    let over = sessions::clear_cookie();
    let Some(way) = way else {
        let headers = AppendHeaders([over, shell::flash("You are signed out."), CLEAR]);
        return Ok((headers, Redirect::to(HOME_SIGNED_OUT)).into_response());
    };
    let headers = AppendHeaders([over, sign_out::set_cookie(&way), CLEAR]);
    let shell = Shell { viewer: None, n_unread: 0, ..shell };
    let page = SignedOutPage { shell, leads_to: Some((way.title, way.address)), came_from: None };
    Ok((headers, page).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SignedOutQuery {
    state: String,
}

/// Says how it is, whoever comes from wherever.
async fn show_signed_out(
    State(app): State<App>,
    shell: Shell,
    headers: HeaderMap,
    Query(query): Query<SignedOutQuery>,
) -> Response {
    let cookie = cookies::read(&app.config, &headers, sign_out::COOKIE);
    let provider = cookie.and_then(|cookie| came_back(&app.config.providers, cookie, &query.state));
    let over = provider.map(|_| sign_out::clear_cookie());
    let came_from = provider.map(|provider| provider.title.clone());
    (AppendHeaders(over), SignedOutPage { shell, leads_to: None, came_from }).into_response()
}

#[derive(Debug, Deserialize)]
struct LogoutForm {
    logout_token: String,
}

/// The provider's server sends it, which has no cookie and shows who it is by its signature.
async fn receive_logout(
    State(app): State<App>,
    client: Client,
    Path(name): Path<String>,
    form: Result<Form<LogoutForm>, FormRejection>,
) -> Result<Response> {
    let provider = provider(&app, &name)?;
    let received = async {
        app.limits.logout(&client)?;
        let Form(form) = form.map_err(|_| Failure::Token("not sent in the form field logout_token"))?;
        logout::receive(&app, provider, &form.logout_token).await
    };
    let mut answer = match received.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(failure) => refusal(failure),
    };
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// An error as OAuth has them (RFC 6749, section 5.2), which the standard asks for.
#[derive(Debug, Serialize)]
struct Refusal {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
}

fn refusal(failure: Failure) -> Response {
    let (status, error, error_description) = match &failure {
        Failure::Token(fault) => {
            let sentence = format!("The logout token is refused: {fault}.");
            (StatusCode::BAD_REQUEST, "invalid_request", Some(sentence))
        }
        Failure::App(AppError::TooMany { message, .. }) => {
            (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", Some(message.clone()))
        }
        Failure::App(_) => (StatusCode::BAD_REQUEST, "server_error", None),
    };
    let mut answer = (status, Json(Refusal { error, error_description })).into_response();
    match failure {
        Failure::App(AppError::TooMany { retry_after_seconds, .. }) => {
            answer.headers_mut().insert(RETRY_AFTER, retry_after_seconds.into());
        }
        Failure::App(AppError::Internal(cause)) => {
            answer.extensions_mut().insert(Cause(Arc::new(cause)));
        }
        _ => {}
    }
    answer
}
