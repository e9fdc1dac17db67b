//! What surrounds every page: who is looking, and the message left by the page before.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};

use crate::accounts::model::Member;
use crate::accounts::sessions;
use crate::accounts::two_factors::requirement;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::site::model::Site;
use crate::web::problems::encode;
use crate::web::{assets, cookies};

/// Given to every page struct as its field `shell`.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    pub viewer: Option<Member>,
    /// One sentence to show above the page, from a [`flash`] cookie.
    pub flash: Option<String>,
    /// Of the viewer's notifications, up to a bound.
    pub n_unread: i64,
    pub site: Arc<Site>,
    /// Whether providers sign people in here.
    pub has_providers: bool,
    /// Behind the addresses of signing in and registering: brings a visitor back to this page. May be empty.
    pub way_back: String,
    pub now: DateTime<Utc>,
}

impl Shell {
    /// The address of a static file.
    pub fn asset(&self, name: &str) -> &'static str {
        assets::path(name)
    }

    /// For a form of the entrance that comes back with its mistakes.
    pub fn leading_to(self, next: &str) -> Self {
        let way_back = if next.is_empty() { String::new() } else { format!("?next={}", encode(next)) };
        Self { way_back, ..self }
    }

    /// A member's shell, for tests that draw every page.
    pub fn sample() -> Self {
        let viewer = Member {
            id: crate::ids::UserId(1),
            username: "ada".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
            is_admin: false,
            has_confirmed_email: false,
        };
        Self {
            viewer: Some(viewer),
            flash: Some("Saved.".to_owned()),
            n_unread: 3,
            site: Arc::default(),
            has_providers: true,
            way_back: String::new(),
            now: DateTime::UNIX_EPOCH,
        }
    }

    /// Whether the viewer's address is not known to be theirs.
    pub fn lacks_confirmation(&self) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| !viewer.has_confirmed_email)
    }

    /// # Errors
    /// [`AppError::SignIn`] for a visitor.
    pub fn member(&self) -> Result<&Member> {
        self.viewer.as_ref().ok_or(AppError::SignIn)
    }
}

const FLASH_COOKIE: &str = "holdout_flash";
const FLASH_SECONDS: i64 = 60;

/// A `Set-Cookie` value that shows `sentence` on the next page. The sentence is shown escaped.
pub fn flash(sentence: &str) -> (header::HeaderName, HeaderValue) {
    cookies::set(FLASH_COOKIE, &hex::encode(sentence), FLASH_SECONDS)
}

/// Pages for whom the site asks to set up a second factor first.
fn is_open_to_the_lacking(path: &str) -> bool {
    path.starts_with(paths::SETTINGS_TWO_FACTORS) || path == paths::SIGN_OUT
}

/// Where people sign in because of what they read there.
const COME_BACK_TO: [&str; 6] = ["/c/", "/n/", "/u/", "/topics/", "/forums/", paths::NOTEBOOKS];

/// See [`Shell::way_back`]. The entrance hands on what it was given.
fn way_back(uri: &Uri) -> String {
    if [paths::SIGN_IN, paths::REGISTER].contains(&uri.path()) {
        let next = uri.query().filter(|query| query.starts_with("next="));
        return next.map_or_else(String::new, |next| format!("?{next}"));
    }
    match uri.path_and_query() {
        Some(here) if COME_BACK_TO.iter().any(|start| uri.path().starts_with(start)) => {
            format!("?next={}", encode(here.as_str()))
        }
        _ => String::new(),
    }
}

/// Finds out who is looking, once a request, and leaves the [`Shell`] for extractors.
pub async fn load(State(app): State<App>, mut request: Request, next: Next) -> Result<Response> {
    let now = app.clock.now();
    let is_read = request.method() == Method::GET;
    let (viewer, n_unread) = match sessions::read_cookie(&app.config, request.headers()) {
        Some(secret) if is_read => sessions::find_reader(&app, secret, now).await?.unzip(),
        Some(secret) => (sessions::find_member(&app, secret, now).await?, None),
        None => (None, None),
    };
    if let Some(member) = &viewer
        && !is_open_to_the_lacking(request.uri().path())
        && requirement::is_lacking(&app, member).await?
    {
        return Ok(Redirect::to(paths::SETTINGS_TWO_FACTORS).into_response());
    }
    let n_unread = n_unread.unwrap_or(0);
    // What a script asks for is not what the person reads next: the message waits.
    let is_shown = request.headers().get("sec-fetch-dest").is_none_or(|dest| dest != "empty");
    let flash = cookies::read(&app.config, request.headers(), FLASH_COOKIE)
        .filter(|_| is_shown)
        .and_then(|value| hex::decode(value).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let had_flash = flash.is_some();
    let way_back = if is_read && viewer.is_none() { way_back(request.uri()) } else { String::new() };
    let (site, has_providers) = (app.site.get(), !app.config.providers.is_empty());
    request.extensions_mut().insert(Shell { viewer, flash, n_unread, site, has_providers, way_back, now });
    let mut response = next.run(request).await;
    if had_flash && !response.headers().contains_key(header::LOCATION) {
        let (name, gone) = cookies::set(FLASH_COOKIE, "", 0);
        response.headers_mut().append(name, gone);
    }
    Ok(response)
}

impl<S: Send + Sync> FromRequestParts<S> for Shell {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_who_signs_in_comes_back_and_secrets_of_the_entrance_are_not_handed_on() {
        for (here, back) in [
            ("/c/iris/leaderboard?after=a&b", "?next=/c/iris/leaderboard%3Fafter%3Da%26b"),
            ("/notebooks", "?next=/notebooks"),
            ("/sign-in?next=/c/iris/join", "?next=/c/iris/join"),
            ("/register?next=%2F%2Felsewhere", "?next=%2F%2Felsewhere"),
            ("/register?other=1", ""),
            ("/reset-password/secret", ""),
            ("/become-admin/secret", ""),
            ("/", ""),
        ] {
            assert_eq!(way_back(&here.parse().expect("an address")), back, "{here}");
        }
    }
}
