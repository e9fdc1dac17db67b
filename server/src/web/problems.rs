//! Errors as pages, and their causes as log lines.

use std::any::Any;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::app::App;
use crate::error::{AppError, Cause, NOTHING_HERE, Problem, Result, adopt};
use crate::paths;
use crate::web::request_id::RequestId;
use crate::web::shell::Shell;

#[derive(Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    pub shell: Shell,
    pub problem: Problem,
    /// The competition that the refused address is of, which the viewer may see; empty elsewhere.
    pub competition: String,
}

impl ProblemPage {
    /// For the test that draws every page.
    pub fn sample() -> Self {
        let problem = Problem {
            kind: "not_found",
            title: "Not found",
            status: 404,
            detail: NOTHING_HERE.to_owned(),
            field: None,
            retry_after_seconds: None,
            is_before_joining: false,
            request_id: Some("5c1f7d1e93f64b5c8a440d2a4f0e7b11".to_owned()),
        };
        Self { shell: Shell::sample(), problem, competition: String::new() }
    }
}

/// Draws a [`Problem`] with the site's header and menu; a visitor who must sign in is sent there.
pub async fn draw(request: Request, next: Next) -> Response {
    let shell = request.extensions().get::<Shell>().cloned().unwrap_or_default();
    let wanted = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let is_read = request.method().is_safe();
    let uri = matches!(*request.method(), Method::GET | Method::HEAD).then(|| request.uri().clone());
    let form = page_of_form(request.headers());
    let request_id = RequestId::of(&request);
    let mut response = adopt(is_read, next.run(request).await);
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    if problem.kind == "sign_in" {
        let back = if is_read { wanted } else { form };
        let unsent = if is_read { "" } else { "&unsent=1" };
        return Redirect::to(&format!("{}?next={}{unsent}", paths::SIGN_IN, encode(&back))).into_response();
    }
    if let Some(elsewhere) = uri.and_then(|uri| elsewhere(&uri, &problem)) {
        return elsewhere;
    }
    let mut problem = Problem { request_id, ..problem };
    if problem.status == StatusCode::METHOD_NOT_ALLOWED.as_u16() {
        NOT_TAKEN.clone_into(&mut problem.detail);
    }
    let competition =
        if problem.status == StatusCode::NOT_FOUND.as_u16() { "" } else { competition_of(&wanted) };
    match (ProblemPage { shell, competition: competition.to_owned(), problem }).render() {
        Ok(html) => {
            let (mut parts, _) = response.into_parts();
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.remove(header::CONTENT_TYPE);
            (parts, Html(html)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the problem page cannot be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

const NOT_TAKEN: &str = "This page takes nothing of the kind that was sent to it, so nothing was changed. Open the page \
    anew and use what stands on it.";

/// Where whoever reads an address that shows nothing goes on to: from an address of forms alone to their page, from a
/// misspelled one to the page itself.
fn elsewhere(uri: &Uri, problem: &Problem) -> Option<Response> {
    match problem.status {
        404 => respelled(uri).map(|page| Redirect::permanent(&page).into_response()),
        405 => paths::forms::page_of_form(uri.path()).map(|page| Redirect::to(&page).into_response()),
        _ => None,
    }
}

/// An address without the slashes behind it, and with a competition's name in small letters; `None` where it is so already.
fn respelled(uri: &Uri) -> Option<String> {
    let path = uri.path();
    // Two slashes in front would lead to another site.
    if path.starts_with("//") || path.starts_with("/\\") {
        return None;
    }
    let trimmed = path.trim_end_matches('/');
    let spelled = match trimmed.strip_prefix("/c/") {
        Some(below) => {
            let (slug, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
            format!("/c/{}{rest}", slug.to_ascii_lowercase())
        }
        None => trimmed.to_owned(),
    };
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    (!spelled.is_empty() && spelled != path).then(|| spelled + &query)
}

/// The page that a form was sent from, so that whoever must sign in first finds it again.
fn page_of_form(headers: &HeaderMap) -> String {
    let sent_from = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let page = sent_from.and_then(|address| address.parse::<Uri>().ok());
    page.and_then(|page| page.path_and_query().map(ToString::to_string))
        .unwrap_or_else(|| paths::HOME.to_owned())
}

/// The front page of the competition that an address is of; empty where it is of none.
fn competition_of(address: &str) -> &str {
    let Some(rest) = address.strip_prefix("/c/") else { return "" };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    &address[.."/c/".len() + end]
}

/// Percent-encodes a path for use in a query.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

pub async fn unknown_page() -> Result<()> {
    Err(AppError::NotFound)
}

/// Writes the private cause of a failure once.
pub async fn log_causes(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status().is_server_error() {
        app.incidents.note_fault();
    }
    if let Some(Cause(cause)) = response.extensions().get::<Cause>() {
        tracing::error!(cause = format!("{cause:#}"), "a request failed by our mistake");
    }
    response
}

pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(message, "a handler panicked");
    (StatusCode::INTERNAL_SERVER_ERROR, "Our mistake: something went wrong on our side.\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_must_sign_in_to_send_a_form_comes_back_to_it() {
        let sent_from = |address| page_of_form(&HeaderMap::from_iter([(header::REFERER, address)]));
        let address = header::HeaderValue::from_static("http://holdout.test/c/iris/submit?x=1");
        assert_eq!(sent_from(address), "/c/iris/submit?x=1");
        assert_eq!(sent_from(header::HeaderValue::from_static("\"")), paths::HOME);
        assert_eq!(page_of_form(&HeaderMap::new()), paths::HOME);
    }

    #[test]
    fn a_misspelled_address_leads_to_the_page_and_to_no_other_site() {
        let led = |address: &str| respelled(&address.parse().expect("an address"));
        for (address, page) in [
            ("/c/iris/", Some("/c/iris")),
            ("/c/Iris/leaderboard?board=public", Some("/c/iris/leaderboard?board=public")),
            ("/forums/?sort=Time", Some("/forums?sort=Time")),
            ("/c/iris", None),
            ("/u/Ada", None),
            ("/", None),
            ("//evil.example/", None),
            ("/\\evil.example/", None),
        ] {
            assert_eq!(led(address).as_deref(), page, "{address}");
        }
    }

    #[test]
    fn a_refusal_leads_back_to_the_competition_that_it_is_of() {
        for (address, competition) in [
            ("/c/iris/submit", "/c/iris"),
            ("/c/iris?page=2", "/c/iris"),
            ("/c/iris", "/c/iris"),
            ("/topics/7", ""),
            ("/", ""),
        ] {
            assert_eq!(competition_of(address), competition, "{address}");
        }
    }
}
