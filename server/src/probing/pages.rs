//! Signs of probing as a page, for hosts.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};

use super::model::Suspect;
use super::store;
use crate::api::paging::Keyset;
use crate::app::App;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::pages::setup::{Setup, open};
use crate::error::Result;
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::HOST_PROBING, get(show_probing))
}

#[derive(Template, WebTemplate)]
#[template(path = "probing/probing.html")]
pub struct ProbingPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub suspects: Vec<Suspect>,
    pub older: Option<i64>,
}

impl ProbingPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup { is_launched: true, ..Setup::sample(None) },
            suspects: vec![Suspect::sample()],
            older: Some(9),
        }
    }
}

async fn show_probing(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<ProbingPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    let mut conn = app.db.acquire().await?;
    let found = store::list(&mut conn, opened.seen.competition.id, keyset.before(), keyset.fetched()).await?;
    drop(conn);
    let slice = keyset.slice(found, |suspect| suspect.submission_id.0);
    let frame = opened.frame(&shell);
    Ok(ProbingPage { shell, frame, setup: opened.setup, suspects: slice.items, older: slice.next })
}
