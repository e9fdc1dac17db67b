//! Forums as pages.

pub mod acts;
pub mod forums;
pub mod read;
pub mod write;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::App;
use crate::competitions::access::Seen;
use crate::forum::forums::SeenForum;
use crate::paths;

pub fn router() -> Router<App> {
    Router::new().merge(forums::router()).merge(read::router()).merge(write::router()).merge(acts::router())
}

/// The way back up, above a heading: address and words.
#[derive(Debug, Clone)]
pub struct Crumbs(pub Vec<(String, String)>);

impl Crumbs {
    fn of_forum(seen: &SeenForum) -> Self {
        match &seen.competition {
            Some(competition) => Self::of_competition(competition),
            None => Self(vec![
                (paths::FORUMS.to_owned(), "Forums".to_owned()),
                (paths::forum(&seen.forum.slug), seen.forum.title.clone()),
            ]),
        }
    }

    fn of_competition(seen: &Seen) -> Self {
        let Seen { competition, .. } = seen;
        Self(vec![
            (paths::competition(&competition.slug), competition.title.clone()),
            (paths::competition_forum(&competition.slug), "Discussion".to_owned()),
        ])
    }

    fn and(mut self, address: String, words: &str) -> Self {
        self.0.push((address, words.to_owned()));
        self
    }

    fn sample() -> Self {
        Self(vec![(paths::FORUMS.to_owned(), "Forums".to_owned())])
    }
}

/// Back to the page that a form stood on, at a post; to the post itself where no page is named.
fn back(headers: &HeaderMap, public_url: &str, post: crate::ids::PostId) -> Response {
    let page = headers
        .get(header::REFERER)
        .and_then(|value| value.to_str().ok())
        .and_then(|address| own_path(address, public_url, headers))
        .unwrap_or_else(|| paths::post(post));
    Redirect::to(&format!("{page}#post-{post}")).into_response()
}

/// Path and query of an address of this site; `None` for any other.
fn own_path(address: &str, public_url: &str, headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (_, rest) = address.split_once("://")?;
    let (authority, path) = rest.split_once('/')?;
    let is_own = authority == host || public_url.split_once("://").is_some_and(|(_, own)| own == authority);
    let path = path.split('#').next().unwrap_or_default();
    (is_own && !path.starts_with(['/', '\\'])).then(|| format!("/{path}"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_way_back_leads_to_this_site_alone() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
        let path = |address| own_path(address, "https://holdout.example", &headers);
        assert_eq!(
            path("https://holdout.example/topics/3?sort=votes#x").as_deref(),
            Some("/topics/3?sort=votes")
        );
        assert_eq!(path("http://127.0.0.1:8080/").as_deref(), Some("/"));
        for foreign in
            ["https://evil.example/x", "javascript://x/y", "https://holdout.example//evil.example/"]
        {
            assert_eq!(path(foreign), None, "{foreign}");
        }
    }
}
