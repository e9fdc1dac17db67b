//! Cookies of this server: for it alone, on requests that begin here, and over TLS alone where the site has it.

use axum::http::{HeaderName, HeaderValue, header};

use crate::config::Config;

/// The header that gives the browser a cookie for `path` and below. A life of no seconds takes it away.
pub fn set(
    config: &Config,
    name: &str,
    path: &str,
    value: &str,
    life_seconds: i64,
) -> (HeaderName, HeaderValue) {
    let secure = if config.public_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; Path={path}; Max-Age={life_seconds}; HttpOnly; SameSite=Lax{secure}");
    (header::SET_COOKIE, HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static("")))
}
