//! Writing the pages.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;

use super::{Opened, Setup, correct, open, saved};
use crate::app::App;
use crate::competitions::edit;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::setup::Step;
use crate::competitions::store::texts::{self, TextPage};
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::forms::{Mistake, mistake};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_PAGES, get(show_pages).post(post_new))
        .route(paths::HOST_PAGE, get(show_page).post(post_page))
        .route(paths::HOST_PAGE_REMOVE, post(post_remove))
        .route(paths::HOST_PAGE_UP, post(post_up))
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/pages.html")]
pub struct PagesPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub pages: Vec<TextPage>,
    pub form: PageForm,
    pub mistake: Mistake,
}

impl PagesPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Pages)),
            pages: vec![sample_page()],
            form: PageForm::default(),
            mistake: Mistake::none(),
        }
    }

    pub fn address(&self, page: &str) -> String {
        format!("{}/{page}", self.setup.address(&Step::Pages))
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/page.html")]
pub struct PagePage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub page: TextPage,
    pub form: PageForm,
    pub mistake: Mistake,
}

impl PagePage {
    pub fn sample() -> Self {
        let page = sample_page();
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Pages)),
            form: PageForm { title: page.title.clone(), markdown: page.markdown.clone() },
            page,
            mistake: Mistake::none(),
        }
    }

    pub fn may_be_removed(&self) -> bool {
        !edit::OWN_PAGES.contains(&self.page.slug.as_str())
    }
}

fn sample_page() -> TextPage {
    TextPage {
        slug: "prizes".to_owned(),
        title: "Prizes".to_owned(),
        position: 5,
        markdown: "A *cake*.".to_owned(),
        html: "<p>A <em>cake</em>.</p>".to_owned(),
        is_proposed: false,
        updated_at: chrono::DateTime::UNIX_EPOCH,
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PageForm {
    pub title: String,
    pub markdown: String,
}

async fn show_pages(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<PagesPage> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    pages_page(&app, opened, shell, PageForm::default(), Mistake::none()).await
}

async fn pages_page(
    app: &App,
    opened: Opened,
    shell: Shell,
    form: PageForm,
    mistake: Mistake,
) -> Result<PagesPage> {
    let mut conn = app.db.acquire().await?;
    let pages = texts::all(&mut conn, opened.seen.competition.id).await?;
    Ok(PagesPage { frame: opened.frame(&shell), setup: opened.setup, shell, pages, form, mistake })
}

async fn post_new(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<PageForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    let made = crate::competitions::settings::slug_from(&form.title);
    let outcome = if opened.draft.pages.iter().any(|page| page.slug == made) {
        Err(AppError::field("title", "There is a page with this title already."))
    } else {
        edit::write_page(&app, shell.member()?, &opened.seen, "", &form.title, "", edit::whatever_stands)
            .await
    };
    match mistake(outcome)? {
        Ok(page) => Ok(saved(&slug, Step::Pages, &format!("The page “{page}” is there: write it."))),
        Err(mistake) => Ok(correct(pages_page(&app, opened, shell, form, mistake).await?)),
    }
}

async fn find(app: &App, opened: &Opened, page: &str) -> Result<TextPage> {
    let mut conn = app.db.acquire().await?;
    texts::find(&mut conn, opened.seen.competition.id, page).await?.ok_or(AppError::NotFound)
}

async fn show_page(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    shell: Shell,
) -> Result<PagePage> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    let page = find(&app, &opened, &page).await?;
    let form = PageForm { title: page.title.clone(), markdown: page.markdown.clone() };
    let frame = opened.frame(&shell);
    Ok(PagePage { frame, setup: opened.setup, shell, page, form, mistake: Mistake::none() })
}

async fn post_page(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    shell: Shell,
    Form(form): Form<PageForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    let known = find(&app, &opened, &page).await?;
    let outcome = edit::write_page(
        &app,
        shell.member()?,
        &opened.seen,
        &known.slug,
        &form.title,
        &form.markdown,
        edit::whatever_stands,
    )
    .await;
    match mistake(outcome)? {
        Ok(_) => Ok(saved(&slug, Step::Pages, &format!("“{}” is saved.", form.title.trim()))),
        Err(mistake) => {
            let frame = opened.frame(&shell);
            Ok(correct(PagePage { frame, setup: opened.setup, shell, page: known, form, mistake }))
        }
    }
}

async fn post_up(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    shell: Shell,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    edit::move_page_up(&app, shell.member()?, &opened.seen, &page).await?;
    Ok(saved(&slug, Step::Pages, "The page stands one place higher in the menu."))
}

async fn post_remove(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    shell: Shell,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    edit::remove_page(&app, shell.member()?, &opened.seen, &page, edit::whatever_stands).await?;
    Ok(saved(&slug, Step::Pages, "The page is gone."))
}
