//! Everything that changed after the launch, for everybody who sees the competition.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};

use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::access;
use crate::competitions::changes::Change;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::store::changes as store;
use crate::error::Result;
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::CHANGES, get(show_changes))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/changes.html")]
pub struct ChangesPage {
    pub shell: Shell,
    pub frame: Frame,
    pub changes: Slice<Change>,
}

impl ChangesPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Overview),
            changes: Slice { items: vec![Change::sample()], next: Some(1) },
        }
    }
}

async fn show_changes(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<ChangesPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let found = store::list(&mut conn, seen.competition.id, keyset.before(), keyset.fetched()).await?;
    drop(conn);
    let changes = keyset.slice(found, |change| change.id);
    let frame = Frame::new(seen, Tab::Overview, shell.now);
    Ok(ChangesPage { shell, frame, changes })
}
