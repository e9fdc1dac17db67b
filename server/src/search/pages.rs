//! The page of the search.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use serde::Deserialize;

use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::list::Key;
use crate::paths;
use crate::search::find;
use crate::search::model::{self, Found, Hit, Part};
use crate::web::format;
use crate::web::problems::encode;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::SEARCH, get(show_search))
}

/// Shown of each kind where all are asked.
const OF_EACH: i64 = 6;
/// Shown of one kind alone.
pub const A_PAGE: i64 = 20;

#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    q: String,
    /// One kind alone.
    #[serde(default, rename = "in")]
    part: String,
    after: Option<String>,
}

#[derive(Template, WebTemplate)]
#[template(path = "search/search.html")]
pub struct SearchPage {
    pub shell: Shell,
    pub query: String,
    /// The one kind that is asked for.
    pub part: Option<Part>,
    pub found: Vec<Found>,
}

impl SearchPage {
    pub fn sample() -> Self {
        let found = |part| Found {
            part,
            hits: vec![Hit::sample()],
            next: Some(Key { number: 1, id: 1 }),
            instead: Some("noise".to_owned()),
        };
        Self {
            shell: Shell::sample(),
            query: "nose".to_owned(),
            part: None,
            found: Part::ALL.iter().map(|(part, _)| found(*part)).collect(),
        }
    }

    pub fn words(part: &Part) -> &'static str {
        Part::ALL.into_iter().find(|(other, _)| other == part).map_or("", |(_, words)| words)
    }

    /// `aria-current` of a kind.
    pub fn is_chosen(&self, name: &str) -> &'static str {
        if self.part.map_or("", Part::name) == name { "page" } else { "false" }
    }

    /// The address of one kind, or of all for an empty name.
    pub fn address(&self, name: &str) -> String {
        let query = encoded(&self.query);
        let part = if name.is_empty() { String::new() } else { format!("&in={name}") };
        format!("{}?q={query}{part}", paths::SEARCH)
    }

    pub fn is_empty(&self) -> bool {
        self.found.iter().all(|found| found.hits.is_empty())
    }
}

/// A text as it stands in a query, as forms write it.
fn encoded(text: &str) -> String {
    encode(text).replace("%20", "+")
}

async fn show_search(
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
    shell: Shell,
) -> Result<SearchPage> {
    let part = Part::ALL.into_iter().map(|(part, _)| part).find(|part| part.name() == wanted.part);
    let after = wanted.after.as_deref().map(str::parse).transpose().map_err(|()| AppError::NotFound)?;
    let mut found = Vec::new();
    if let Some(query) = model::query(&wanted.q) {
        let viewer = shell.viewer.as_ref();
        match part {
            Some(part) => found.push(find::part(&app, viewer, &query, part, after, A_PAGE).await?),
            None => {
                for (part, _) in Part::ALL {
                    found.push(find::part(&app, viewer, &query, part, None, OF_EACH).await?);
                }
            }
        }
    }
    Ok(SearchPage { shell, query: model::query(&wanted.q).unwrap_or_default(), part, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_survives_its_address() {
        assert_eq!(encoded("a b&c=\u{f6}?\"#"), "a+b%26c%3D%C3%B6%3F%22%23");
    }
}
