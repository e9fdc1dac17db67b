//! For how long what is kept, as a page for administrators.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Form, Router};
use serde::Deserialize;

use super::change::change;
use super::model::{Kept, Setting};
use super::store;
use crate::admin::Admin;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::ADMIN_RETENTION, get(show_retention))
        .route(paths::ADMIN_RETENTION_ONE, post(post_retention))
}

#[derive(Template, WebTemplate)]
#[template(path = "retention/settings.html")]
pub struct RetentionPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub settings: Vec<Setting>,
    pub mistake: Mistake,
}

impl RetentionPage {
    pub fn sample() -> Self {
        let settings = Kept::ALL.map(|kept| Setting { kept, days: kept.default_days() }).into();
        let mistake = Mistake::new("days", "Choose between 1 and 30 days.");
        Self { shell: Shell::sample(), tab: paths::ADMIN_RETENTION, settings, mistake }
    }
}

async fn show_retention(State(app): State<App>, shell: Shell, Admin(_): Admin) -> Result<RetentionPage> {
    page(&app, shell, Mistake::none()).await
}

async fn page(app: &App, shell: Shell, mistake: Mistake) -> Result<RetentionPage> {
    let settings = store::all(&mut *app.db.acquire().await?).await?;
    Ok(RetentionPage { shell, tab: paths::ADMIN_RETENTION, settings, mistake })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RetentionForm {
    /// Empty: for ever.
    days: String,
}

async fn post_retention(
    State(app): State<App>,
    shell: Shell,
    Admin(admin): Admin,
    Path(name): Path<String>,
    Form(form): Form<RetentionForm>,
) -> Result<Response> {
    let kept = Kept::named(&name).ok_or(AppError::NotFound)?;
    let typed = form.days.trim();
    // What is no number is no time either.
    let days = (!typed.is_empty()).then(|| typed.parse().unwrap_or(0));
    match mistake(change(&app, &admin, kept, days).await)? {
        Ok(_) => Ok(redirect_saying(paths::ADMIN_RETENTION, "Saved.")),
        Err(mistake) => Ok(show_again(page(&app, shell, mistake).await?)),
    }
}
