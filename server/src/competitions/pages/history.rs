//! What a page said before, for everybody who sees the competition.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::history::{self, Comparison, PageVersion};
use crate::error::Result;
use crate::paths;
use crate::text_diff::{self, Change};
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::PAGE_HISTORY, get(show_history))
        .route(paths::PAGE_COMPARE, get(show_comparison))
}

const VERSIONS_A_PAGE: usize = 50;

/// A version's number for a viewer whose first is `first`.
fn told(number: i32, first: i32) -> i32 {
    (number - first + 1).max(1)
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/history.html")]
pub struct HistoryPage {
    pub shell: Shell,
    pub frame: Frame,
    /// As in the page's address.
    pub page: String,
    /// Newest first.
    pub versions: Vec<PageVersion>,
    /// `before` of the next part.
    pub next: Option<i32>,
    /// The first that the viewer may read.
    pub first: i32,
}

impl HistoryPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Overview),
            page: "prizes".to_owned(),
            versions: vec![PageVersion::sample(3), PageVersion::sample(2)],
            next: Some(2),
            first: 1,
        }
    }

    /// The number of the one before a version; of the first, its own.
    pub fn before(&self, version: &PageVersion) -> i32 {
        (version.number - 1).max(self.first)
    }

    /// Counted from the first that the viewer may read.
    pub fn told(&self, version: &PageVersion) -> i32 {
        told(version.number, self.first)
    }

    pub fn title(&self) -> &str {
        self.versions.first().map_or(&self.page, |version| &version.title)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HistoryQuery {
    before: Option<i32>,
}

async fn show_history(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    Query(query): Query<HistoryQuery>,
    shell: Shell,
) -> Result<HistoryPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let before = query.before.unwrap_or(i32::MAX);
    let fetched = i64::try_from(VERSIONS_A_PAGE + 1).unwrap_or(i64::MAX);
    let mut versions = history::versions(&mut conn, &seen, &page, before, fetched).await?;
    let first = history::first(&mut conn, &seen, &page).await?;
    drop(conn);
    let has_more = versions.len() > VERSIONS_A_PAGE;
    versions.truncate(VERSIONS_A_PAGE);
    let next = versions.last().filter(|_| has_more).map(|version| version.number);
    let frame = Frame::new(seen, Tab::Overview, shell.now);
    Ok(HistoryPage { shell, frame, page, versions, next, first })
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/compare.html")]
pub struct ComparisonPage {
    pub shell: Shell,
    pub frame: Frame,
    /// As in the page's address.
    pub page: String,
    pub comparison: Comparison,
    /// Its lines, drawn.
    pub html: String,
    /// The first version that the viewer may read.
    pub first: i32,
}

impl ComparisonPage {
    fn new(shell: Shell, frame: Frame, page: String, comparison: Comparison, first: i32) -> Self {
        let html = text_diff::draw_folded(&comparison.lines);
        Self { shell, frame, page, comparison, html, first }
    }

    /// As [`HistoryPage::told`].
    pub fn told(&self, version: &PageVersion) -> i32 {
        told(version.number, self.first)
    }

    pub fn sample() -> Self {
        let (from, to) = (PageVersion::sample(1), PageVersion::sample(2));
        let comparison = Comparison { lines: text_diff::compare("A cake.", "Two cakes."), from, to };
        Self::new(Shell::sample(), Frame::sample(Tab::Overview), "prizes".to_owned(), comparison, 1)
    }

    pub fn is_same(&self) -> bool {
        self.comparison.lines.iter().all(|line| line.change == Change::Same)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ComparisonQuery {
    /// The one before `to` when left out.
    from: Option<i32>,
    /// The newest when left out.
    to: Option<i32>,
}

async fn show_comparison(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    Query(query): Query<ComparisonQuery>,
    shell: Shell,
) -> Result<ComparisonPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let comparison = history::compare(&mut conn, &seen, &page, (query.from, query.to)).await?;
    let first = history::first(&mut conn, &seen, &page).await?;
    drop(conn);
    let frame = Frame::new(seen, Tab::Overview, shell.now);
    Ok(ComparisonPage::new(shell, frame, page, comparison, first))
}
