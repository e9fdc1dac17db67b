//! The client reaches this server as if it were its HTTP proxy, so requests name `http://localhost/…`
//! whole. Those for other houses are refused: this server is no proxy.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::config::Config;
use crate::kaggle::wire::Fault;

/// Lets a request pass that names no host, or this one.
pub async fn refuse_strangers(State(app): State<App>, request: Request, next: Next) -> Response {
    match request.uri().host() {
        Some(host) if !is_ours(&app.config, host) => Fault::Said(
            StatusCode::MISDIRECTED_REQUEST,
            "This server is no proxy: it answers for itself alone. With HTTP_PROXY set for Kaggle's client, run \
             other programs in another shell."
                .to_owned(),
        )
        .into_response(),
        _ => next.run(request).await,
    }
}

fn is_ours(config: &Config, host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let public = config.public_url.parse::<Uri>().ok();
    let public = public.as_ref().and_then(Uri::host).map(|name| name.trim_matches(['[', ']']));
    host.eq_ignore_ascii_case("localhost")
        || public.is_some_and(|name| name.eq_ignore_ascii_case(host))
        || host.parse::<IpAddr>().is_ok_and(|ip| ip == config.listen.ip() || ip.is_loopback())
}
