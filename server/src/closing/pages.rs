//! The page that names the winners, and the form by which hosts confirm them.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Router};
use serde::Deserialize;

use super::model::{Closing, Winners};
use super::{close, read, store};
use crate::app::App;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::pages::setup::{Setup, open};
use crate::error::{AppError, Result};
use crate::folder::links;
use crate::paths;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, get};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::WINNERS, get(show_winners))
        .route(paths::HOST_CLOSING, form(show_closing, post_closing))
}

#[derive(Template, WebTemplate)]
#[template(path = "closing/winners.html")]
pub struct WinnersPage {
    pub shell: Shell,
    pub frame: Frame,
    pub closing: Closing,
    pub winners: Winners,
}

impl WinnersPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Leaderboard),
            closing: Closing::sample(),
            winners: Winners::sample(),
        }
    }
}

async fn show_winners(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<WinnersPage> {
    let (seen, closing) = read::closing(&app, &slug, shell.viewer.as_ref()).await?;
    let winners = read::winners(&app, &seen).await?.ok_or(AppError::NotFound)?;
    let frame = Frame::new(seen, Tab::Leaderboard, shell.now);
    Ok(WinnersPage { shell, frame, closing, winners })
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ClosingForm {
    pub words: String,
    /// Which button was pressed.
    pub act: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "closing/closing.html")]
pub struct ClosingPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    /// `None` before the confirmation.
    pub closing: Option<Closing>,
    /// `None` while the final board does not stand.
    pub winners: Option<Winners>,
    pub form: ClosingForm,
    /// Drawn from the form's words; empty where none was asked for.
    pub preview: String,
    pub mistake: Mistake,
}

impl ClosingPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup { is_launched: true, ..Setup::sample(None) },
            closing: Some(Closing::sample()),
            winners: Some(Winners::sample()),
            form: ClosingForm::default(),
            preview: "<p>Text</p>".to_owned(),
            mistake: Mistake::none(),
        }
    }
}

async fn show_closing(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<ClosingPage> {
    page(&app, &slug, shell, None, Mistake::none()).await
}

/// Without a form, it holds the words as they stand.
async fn page(
    app: &App,
    slug: &str,
    shell: Shell,
    form: Option<ClosingForm>,
    mistake: Mistake,
) -> Result<ClosingPage> {
    let seen = close::open(app, slug, shell.member()?).await?;
    let opened = open(app, slug, &shell, None).await?;
    let closing = store::find(&mut *app.db.acquire().await?, seen.competition.id).await?;
    let winners = read::winners(app, &seen).await?;
    let as_it_stands = || ClosingForm {
        words: closing.as_ref().map(|closing| closing.words.clone()).unwrap_or_default(),
        act: String::new(),
    };
    let form = form.unwrap_or_else(as_it_stands);
    let frame = Frame::new(seen, Tab::Host, shell.now);
    let preview = String::new();
    Ok(ClosingPage { shell, frame, setup: opened.setup, closing, winners, form, preview, mistake })
}

async fn post_closing(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<ClosingForm>,
) -> Result<Response> {
    let host = shell.member()?.clone();
    let seen = close::open(&app, &slug, &host).await?;
    if form.act == "preview" {
        let preview = links::draw(&slug, &form.words);
        let page = page(&app, &slug, shell, Some(form), Mistake::none()).await?;
        return Ok(ClosingPage { preview, ..page }.into_response());
    }
    match mistake(close::close(&app, &host, &seen, &form.words).await)? {
        Ok(()) => Ok(redirect_saying(&paths::winners(&slug), "The page with the winners is now public.")),
        Err(mistake) => Ok(show_again(page(&app, &slug, shell, Some(form), mistake).await?)),
    }
}
