//! More who look at once than can be answered before they give up: whoever comes then is told so at once and comes again, so
//! that those who wait are answered, and files go on being received, whose senders are never turned away here.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, REFRESH, RETRY_AFTER};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::error::{AppError, CROWDED};

/// Pages and documents that are being made at once: some seconds' work of a small machine.
const MOST: usize = 1_000;
const COME_AGAIN_S: &str = "5";
const SENTENCE: &str = "The site is very busy right now. Try again in a few seconds.";

#[derive(Debug, Default)]
pub struct Crowd {
    n_inside: AtomicUsize,
    turned_away: Counter,
}

/// Somebody who is being answered, until they are.
struct Place<'a>(&'a Crowd);

impl Crowd {
    /// Puts what it counts into `registry`.
    pub fn tell(&self, registry: &mut Registry) {
        let help = "Pages and documents that were refused since too many were asked for at once";
        registry.register("turned_away", help, self.turned_away.clone());
    }

    fn enter(&self) -> Option<Place<'_>> {
        let place = Place(self);
        if self.n_inside.fetch_add(1, Ordering::Relaxed) < MOST {
            return Some(place);
        }
        self.turned_away.inc();
        None
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.n_inside.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The layer around pages. A browser that was turned away comes again by itself.
pub async fn bound_pages(State(app): State<App>, request: Request, next: Next) -> Response {
    let come_again: [(HeaderName, &str); 2] = [(RETRY_AFTER, COME_AGAIN_S), (REFRESH, COME_AGAIN_S)];
    answered(&app, request, next).await.unwrap_or_else(|| {
        (StatusCode::SERVICE_UNAVAILABLE, come_again, format!("{SENTENCE}\n")).into_response()
    })
}

/// The layer around the API.
pub async fn bound_documents(State(app): State<App>, request: Request, next: Next) -> Response {
    answered(&app, request, next)
        .await
        .unwrap_or_else(|| ([(RETRY_AFTER, COME_AGAIN_S)], AppError::of(CROWDED, SENTENCE)).into_response())
}

/// `None` for whom there is no place.
async fn answered(app: &App, request: Request, next: Next) -> Option<Response> {
    if !is_bounded(&request) {
        return Some(next.run(request).await);
    }
    let _place = app.crowd.enter()?;
    Some(next.run(request).await)
}

/// Whoever sends something is not; nor who waits, by `wait`, for something to happen.
fn is_bounded(request: &Request) -> bool {
    request.method().is_safe() && !request.uri().query().is_some_and(|query| query.contains("wait="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_and_those_who_wait_for_a_score_are_never_turned_away() {
        let asked = |method: &str, uri: &str| {
            let request = Request::builder().method(method).uri(uri);
            is_bounded(&request.body(axum::body::Body::empty()).expect("it is whole"))
        };
        assert!(asked("GET", "/c/iris") && asked("HEAD", "/c/iris?after=3"));
        assert!(!asked("POST", "/c/iris/submit") && !asked("GET", "/api/v1/submissions/1?wait=30"));
    }

    #[test]
    fn who_finds_no_place_is_turned_away_until_somebody_is_answered() {
        let crowd = Crowd::default();
        let mut inside: Vec<_> = (0..MOST).filter_map(|_| crowd.enter()).collect();
        assert_eq!(inside.len(), MOST);
        assert!(crowd.enter().is_none() && crowd.enter().is_none());
        assert_eq!(crowd.turned_away.get(), 2);
        inside.pop();
        let next = crowd.enter();
        assert!(next.is_some() && crowd.enter().is_none());
        drop((next, inside));
        assert_eq!(crowd.n_inside.load(Ordering::Relaxed), 0);
    }
}
