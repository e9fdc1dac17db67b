//! For whom a request is: for this house, or it is refused.
//!
//! Kaggle's client reaches this server as if it were its HTTP proxy, so its requests name `http://localhost/…`
//! whole. Those for other houses are refused: this server is no proxy. Where an installation has a public
//! address, so are requests whose `Host` is none of its names: an address that somebody else's name leads to
//! is not ours to answer for.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::config::Config;
use crate::kaggle::wire::Fault;
use crate::paths;

const NO_PROXY: &str = "This server is no proxy: it answers for itself alone. With HTTP_PROXY set for Kaggle's client, run \
     other programs in another shell.";
const UNKNOWN_NAME: &str =
    "This server does not know itself by this name. Its operator can add it to HOLDOUT_OTHER_HOSTS.\n";

/// Lets a request pass that names no host, or this one.
pub async fn refuse_strangers(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() == Method::CONNECT {
        return (StatusCode::METHOD_NOT_ALLOWED, NO_PROXY).into_response();
    }
    if request.uri().host().is_some_and(|host| !is_ours(&app.config, host)) {
        return Fault::Said(StatusCode::MISDIRECTED_REQUEST, NO_PROXY.to_owned()).into_response();
    }
    // Who looks after containers asks each by the address that it has inside.
    let is_about_health = matches!(request.uri().path(), paths::HEALTH | paths::READY);
    if app.config.has_public_address() && !is_about_health && names_another(&app.config, request.headers()) {
        return (StatusCode::MISDIRECTED_REQUEST, UNKNOWN_NAME).into_response();
    }
    next.run(request).await
}

fn names_another(config: &Config, headers: &HeaderMap) -> bool {
    headers.get_all(header::HOST).iter().any(|value| {
        let named = value.to_str().ok().filter(|text| !text.contains('@'));
        let named = named.and_then(|text| text.parse::<Authority>().ok());
        named.is_none_or(|authority| !is_ours(config, authority.host()))
    })
}

fn is_ours(config: &Config, host: &str) -> bool {
    let host = bare(host);
    let public = config.public_url.parse::<Uri>().ok();
    host.eq_ignore_ascii_case("localhost")
        || public.as_ref().and_then(Uri::host).is_some_and(|name| bare(name).eq_ignore_ascii_case(host))
        || config.other_hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
        || host.parse::<IpAddr>().is_ok_and(|ip| ip == config.listen.ip() || ip.is_loopback())
}

/// An IPv6 address without its brackets; a name without the dot that ends it.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.')
}
