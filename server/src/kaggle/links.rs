//! Addresses of web pages as the client prints them, led to ours.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Redirect;

use crate::app::App;
use crate::competitions::access;
use crate::error::Result;
use crate::paths;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::KAGGLE_COMPETITION, get(lead))
        .route(paths::KAGGLE_COMPETITION_RULES, get(lead))
}

async fn lead(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Redirect> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    Ok(Redirect::to(&format!("{}{}", app.config.public_url, paths::competition(&seen.competition.slug))))
}
