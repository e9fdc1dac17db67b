//! Signing out where somebody came from (OpenID Connect RP-Initiated Logout 1.0). The session here is over by then,
//! whatever the provider does. ID tokens are not kept, so that none goes along as a hint: the provider is told which client
//! asks and, where it gave one, its own name of the session. Its answer belongs to the browser that left, by a cookie.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::flow::{LIFE, form, with_query};
use super::model::Origin;
use super::settings::{self, Provider};
use crate::accounts::secret;
use crate::app::App;
use crate::paths;
use crate::web::cookies;

/// Binds signing out at a provider to the browser that began it.
pub const COOKIE: &str = "holdout_sign_out";
/// Nobody who signs out waits longer for what a provider says of itself.
const PATIENCE: Duration = Duration::from_secs(3);

/// A way to sign out at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub title: String,
    pub address: String,
    cookie: String,
}

/// The way there, where the provider has one and the operator wants it offered.
pub async fn way(app: &App, origin: &Origin) -> Option<Way> {
    let provider = settings::of_issuer(&app.config.providers, &origin.issuer)?;
    if !provider.sign_out_there {
        return None;
    }
    let known = tokio::time::timeout(PATIENCE, app.providers.of(provider)).await.ok()?.ok()?;
    let endpoint = known.metadata.end_session_endpoint.as_ref()?;
    let cookie = format!("{}.{}", provider.name, secret::draw());
    let (back, state) = (format!("{}{}", app.config.public_url, paths::SIGNED_OUT), state(&cookie));
    let mut fields = vec![
        ("client_id", provider.client_id.as_str()),
        ("post_logout_redirect_uri", back.as_str()),
        ("state", state.as_str()),
    ];
    fields.extend(origin.sid.as_deref().map(|sid| ("logout_hint", sid)));
    let address = with_query(endpoint, &form(&fields));
    Some(Way { title: provider.title.clone(), address, cookie })
}

/// The provider that this cookie's browser was led to, if what comes back belongs to that.
pub fn came_back<'a>(providers: &'a [Provider], cookie: &str, told: &str) -> Option<&'a Provider> {
    let (name, _) = cookie.split_once('.')?;
    providers.iter().find(|provider| provider.name == name).filter(|_| told == state(cookie))
}

fn state(cookie: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("sign out {cookie}")))
}

/// The header that binds the way to the browser.
pub fn set_cookie(way: &Way) -> (HeaderName, HeaderValue) {
    cookies::set(COOKIE, &way.cookie, LIFE.num_seconds())
}

/// The header that ends it.
pub fn clear_cookie() -> (HeaderName, HeaderValue) {
    cookies::set(COOKIE, "", 0)
}
