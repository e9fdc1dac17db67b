//! The newest comparison as a page, for hosts.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;

use super::model::{Comparison, Pair, State as Progress};
use super::{ask, store};
use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::pages::setup::{Setup, open};
use crate::error::Result;
use crate::paths;
use crate::web::format;
use crate::web::forms::redirect_saying;
use crate::web::routing::form;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::HOST_SIMILAR, form(show_similar, post_compare))
}

#[derive(Template, WebTemplate)]
#[template(path = "similar/similar.html")]
pub struct SimilarPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub newest: Option<Comparison>,
    pub pairs: Vec<Pair>,
}

impl SimilarPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup { is_launched: true, ..Setup::sample(None) },
            newest: Some(Comparison::sample()),
            pairs: vec![Pair::sample()],
        }
    }

    pub fn is_under_way(&self) -> bool {
        let state = self.newest.as_ref().map(Comparison::state);
        matches!(state, Some(Progress::Waiting | Progress::UnderWay))
    }
}

async fn show_similar(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<SimilarPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    let mut conn = app.db.acquire().await?;
    let newest = store::list(&mut conn, opened.seen.competition.id, i64::MAX, 1).await?.pop();
    let pairs = match &newest {
        Some(comparison) => store::pairs(&mut conn, comparison.id).await?,
        None => Vec::new(),
    };
    drop(conn);
    let frame = opened.frame(&shell);
    Ok(SimilarPage { shell, frame, setup: opened.setup, newest, pairs })
}

async fn post_compare(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let host = shell.member()?;
    let seen = access::see_as_host(&app, &slug, Some(host)).await?;
    ask::ask(&app, host, &seen).await?;
    Ok(redirect_saying(&paths::host_similar(&slug), "The scorers will compare all teams' predictions."))
}
