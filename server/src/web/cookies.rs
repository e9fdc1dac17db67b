//! Cookies of this server: for it alone, on requests that begin here. Where the site has TLS, each one's name begins with
//! `__Host-`: no other host, no path and no connection in the clear can then set it (RFC 6265bis, section 4.1.3).
//!
//! A handler sets a cookie by its plain name; [`guard`] dresses whatever leaves.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::config::Config;

const PREFIX: &str = "__Host-";
const OURS: &str = "holdout_";

/// The header that gives the browser a cookie. A life of no seconds takes it away.
pub fn set(name: &str, value: &str, life_seconds: i64) -> (HeaderName, HeaderValue) {
    let cookie = format!("{name}={value}; Path=/; Max-Age={life_seconds}; HttpOnly; SameSite=Lax");
    (header::SET_COOKIE, HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static("")))
}

/// The value of a cookie, if the request carries it under the name that it has here.
pub fn read<'a>(config: &Config, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    if config.is_encrypted() { find(headers, &format!("{PREFIX}{name}")) } else { find(headers, name) }
}

/// The value of a cookie of just this name.
pub fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// Where the site has TLS: gives each cookie the prefix, and the word that it crosses no line in the clear. What is taken
/// away is taken away under its plain name too, which browsers kept from before.
pub fn guard(config: &Config, headers: &mut HeaderMap) {
    if !config.is_encrypted() {
        return;
    }
    let cookies: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        let text = cookie.to_str().ok().filter(|text| text.starts_with(OURS)).map(ToOwned::to_owned);
        let dressed =
            text.as_ref().and_then(|text| HeaderValue::try_from(format!("{PREFIX}{text}; Secure")).ok());
        let is_kept = text.is_none_or(|text| text.contains("Max-Age=0;"));
        for cookie in dressed.into_iter().chain(is_kept.then_some(cookie)) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}
