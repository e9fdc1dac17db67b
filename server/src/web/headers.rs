//! Headers that every answer carries: nothing inline, nothing from elsewhere, no framing.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::web::cookies;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Where people come by https: for a year, no other way to this host.
const ENCRYPTED_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// What else stands below its name is its operator's to bind.
const ENCRYPTED_BELOW_TOO: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// What may be kept, but is asked for anew.
const ASKED_ANEW: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Of one person, or of a host's desk.
const NEVER_KEPT: HeaderValue = HeaderValue::from_static("private, no-store");

/// Pages of hosts that hold what everybody reads sooner or later, and texts that take long to type: a browser may keep them
/// for whoever goes back.
const HOST_TEXTS: [&str; 7] = ["announcements", "basics", "data", "limits", "metric", "pages", "timeline"];

/// Whether what lies at an address is one person's own, or private to hosts, moderators or administrators. Other pages show a
/// person no more of their own than their name and their row.
fn is_private(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["settings" | "mine" | "admin" | "moderation" | "notifications" | "sign-in" | "kaggle", ..]
        | ["reset-password" | "become-admin" | "confirm-email" | "unsubscribe", _]
        | ["c", _, "submissions" | "check" | "team" | "invitation", ..]
        | ["c", _, "host"]
        | ["api", "v1", "me" | "admin" | "tokens" | "sessions", ..] => true,
        ["c", _, "host", page, ..] => !HOST_TEXTS.contains(page),
        _ => false,
    }
}

pub async fn harden(State(app): State<App>, request: Request, next: Next) -> Response {
    let kept = if is_private(request.uri().path()) { NEVER_KEPT } else { ASKED_ANEW };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    cookies::guard(&app.config, headers);
    if app.config.is_encrypted() {
        let bound = if app.config.tls_for_subdomains { ENCRYPTED_BELOW_TOO } else { ENCRYPTED_ALONE };
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(bound);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(kept);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_one_person_or_of_hosts_are_not_kept_and_boards_are() {
        for path in [
            "/settings",
            "/settings/sessions",
            "/mine/hosted",
            "/admin/users",
            "/moderation",
            "/notifications/7",
            "/sign-in/code",
            "/reset-password/secret",
            "/confirm-email/secret",
            "/c/iris/submissions/7/file",
            "/c/iris/team/join/secret",
            "/c/iris/invitation/secret",
            "/c/iris/host",
            "/c/iris/host/participants.csv",
            "/c/iris/host/visibility",
            "/api/v1/me",
            "/api/v1/tokens",
        ] {
            assert!(is_private(path), "{path}");
        }
        for path in [
            "/",
            "/c/iris",
            "/c/iris/leaderboard",
            "/c/iris/host/pages/rules",
            "/c/iris/data/train.csv",
            "/topics/7",
            "/n/ada/baseline",
            "/u/settings",
            "/api/v1/competitions/iris/leaderboard",
        ] {
            assert!(!is_private(path), "{path}");
        }
    }
}
