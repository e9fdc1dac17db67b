//! How long this process takes to answer, by route and class: the time until an answer begins, without its body.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::paths;
use crate::web::assets;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Labels {
    /// What a person or a program waits for; a handful, to add up by.
    class: &'static str,
    method: &'static str,
    /// No address: what stands in its places would make a series each.
    route: Arc<str>,
    status: &'static str,
}

#[derive(Debug, Clone)]
pub struct Requests(Family<Labels, Histogram, fn() -> Histogram>);

impl Default for Requests {
    fn default() -> Self {
        Self(Family::new_with_constructor(latency))
    }
}

impl Requests {
    /// Puts them into `registry`.
    pub fn tell(&self, registry: &mut Registry) {
        registry.register(
            "http_request_duration_seconds",
            "From a request to the beginning of its answer, by route, of this process; classes are page, form, \
             api_read, api_write, static, probe, unknown",
            self.0.clone(),
        );
    }
}

/// Half a millisecond to 16 seconds, each bound twice the one before.
fn latency() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 16))
}

/// The layer that measures.
pub async fn measure(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known(request.method());
    let route: Arc<str> =
        request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).into();
    let response = next.run(request).await;
    let (seconds, status) = (started.elapsed().as_secs_f64(), status_class(response.status()));
    let labels = Labels { class: class_of(method, &route), method, route, status };
    app.requests.0.get_or_create(&labels).observe(seconds);
    response
}

fn class_of(method: &str, route: &str) -> &'static str {
    let is_read = matches!(method, "GET" | "HEAD" | "OPTIONS");
    match route {
        "unknown" => "unknown",
        paths::HEALTH | paths::READY => "probe",
        assets::ROUTE | paths::ICON => "static",
        _ if ["/api/v1/", "/v1/"].iter().any(|api| route.starts_with(api)) => {
            if is_read {
                "api_read"
            } else {
                "api_write"
            }
        }
        _ if is_read => "page",
        _ => "form",
    }
}

/// Anybody can invent a method.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_of_one_of_a_handful_of_classes() {
        for (method, route, class) in [
            ("GET", "/c/{slug}/leaderboard", "page"),
            ("POST", "/c/{slug}/submit", "form"),
            ("GET", "/api/v1/competitions", "api_read"),
            ("POST", "/api/v1/{service}/{method}", "api_write"),
            ("other", "/v1/{service}/{method}", "api_write"),
            ("GET", assets::ROUTE, "static"),
            ("GET", paths::ICON, "static"),
            ("GET", paths::READY, "probe"),
            ("POST", "unknown", "unknown"),
        ] {
            assert_eq!(class_of(method, route), class, "{method} {route}");
        }
    }
}
