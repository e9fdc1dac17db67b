//! The list of competitions and a competition's front page.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use chrono::{DateTime, Utc};

use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::store::{self, Card};
use crate::error::Result;
use crate::paths;
use crate::web::format;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::HOME, get(show_home)).route(paths::COMPETITION, get(show_overview))
}

const CARDS_A_PAGE: i64 = 30;

#[derive(Template, WebTemplate)]
#[template(path = "competitions/home.html")]
pub struct HomePage {
    pub shell: Shell,
    pub cards: Vec<Card>,
}

async fn show_home(State(app): State<App>, shell: Shell) -> Result<HomePage> {
    let mut conn = app.db.acquire().await?;
    let cards = store::list_public(&mut conn, DateTime::<Utc>::MAX_UTC, CARDS_A_PAGE).await?;
    Ok(HomePage { shell, cards })
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/overview.html")]
pub struct OverviewPage {
    pub shell: Shell,
    pub frame: Frame,
}

async fn show_overview(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<OverviewPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let frame = Frame::new(seen, Tab::Overview, shell.now);
    Ok(OverviewPage { shell, frame })
}
