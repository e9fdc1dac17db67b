//! Writing the pages.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Router};
use serde::Deserialize;

use super::{Opened, Setup, open, saved};
use crate::app::App;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::history::{self, PageVersion};
use crate::competitions::setup::Step;
use crate::competitions::store::texts::TextPage;
use crate::competitions::{edit_pages, propose};
use crate::error::{AppError, Result};
use crate::folder::links;
use crate::paths;
use crate::text_diff;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_PAGES, form(show_pages, post_new))
        .route(paths::HOST_PAGE, form(show_page, post_page))
        .route(paths::HOST_PAGE_REMOVE, post(post_remove))
        .route(paths::HOST_PAGE_UP, post(post_up))
        .route(paths::HOST_PAGE_RESTORE, post(post_restore))
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
    /// Drawn from the form's text; empty where none was asked for.
    pub preview: String,
    /// What somebody else saved meanwhile against the form's text, drawn; empty where nobody did.
    pub conflict: String,
    /// `None` where no host ever wrote it.
    pub newest: Option<PageVersion>,
    pub mistake: Mistake,
}

impl PagePage {
    pub fn sample() -> Self {
        let page = sample_page();
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Pages)),
            form: PageForm::of(&page),
            page,
            preview: "<p>Text</p>".to_owned(),
            conflict: text_diff::draw_folded(&text_diff::compare("A cake.", "Two cakes.")),
            newest: Some(PageVersion::sample(2)),
            mistake: Mistake::none(),
        }
    }

    pub fn may_be_removed(&self) -> bool {
        !edit_pages::OWN_PAGES.contains(&self.page.slug.as_str())
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
    /// Names what stood there when the form was opened.
    pub base: String,
    /// Which button was pressed.
    pub act: String,
}

impl PageForm {
    fn of(page: &TextPage) -> Self {
        Self {
            title: page.title.clone(),
            markdown: page.markdown.clone(),
            base: history::tag(Some(page)),
            act: String::new(),
        }
    }
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
    let pages = propose::pages(&mut conn, &opened.seen.competition).await?;
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
        Err(AppError::field("title", "A page with this title already exists."))
    } else {
        edit_pages::write_page(&app, shell.member()?, &opened.seen, "", &form.title, "", |_| Ok(())).await
    };
    match mistake(outcome)? {
        Ok(page) => {
            Ok(saved(&slug, Step::Pages, &format!("The page “{page}” has been created: now write it.")))
        }
        Err(mistake) => Ok(show_again(pages_page(&app, opened, shell, form, mistake).await?)),
    }
}

async fn find(app: &App, opened: &Opened, page: &str) -> Result<TextPage> {
    let mut conn = app.db.acquire().await?;
    propose::page(&mut conn, &opened.seen.competition, page).await?.ok_or(AppError::NotFound)
}

async fn show_page(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    shell: Shell,
) -> Result<PagePage> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    let page = find(&app, &opened, &page).await?;
    let form = PageForm::of(&page);
    page_page(&app, opened, shell, page, form, Mistake::none()).await
}

/// Where the form was written on top of what is no more, it is compared with what stands there, and is on top
/// of that from now on.
async fn page_page(
    app: &App,
    opened: Opened,
    shell: Shell,
    page: TextPage,
    form: PageForm,
    mistake: Mistake,
) -> Result<PagePage> {
    let mut conn = app.db.acquire().await?;
    let newest = history::versions(&mut conn, &opened.seen, &page.slug, i32::MAX, 1).await?.pop();
    drop(conn);
    let is_overtaken = history::still_stands(&form.base, Some(&page)).is_err();
    let conflict = if is_overtaken {
        text_diff::draw_folded(&text_diff::compare(&page.markdown, &form.markdown.replace("\r\n", "\n")))
    } else {
        String::new()
    };
    let preview = match form.act.as_str() {
        "preview" => links::draw(&opened.seen.competition.slug, &form.markdown),
        _ => String::new(),
    };
    let form = PageForm { base: history::tag(Some(&page)), ..form };
    let frame = opened.frame(&shell);
    Ok(PagePage { frame, setup: opened.setup, shell, page, form, preview, conflict, newest, mistake })
}

async fn post_page(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    shell: Shell,
    Form(form): Form<PageForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    let known = find(&app, &opened, &page).await?;
    if form.act == "preview" {
        return Ok(page_page(&app, opened, shell, known, form, Mistake::none()).await?.into_response());
    }
    let outcome = edit_pages::write_page(
        &app,
        shell.member()?,
        &opened.seen,
        &known.slug,
        &form.title,
        &form.markdown,
        |standing| history::still_stands(&form.base, standing.as_ref()).map_err(overtaken),
    )
    .await;
    match mistake(outcome)? {
        Ok(_) => Ok(saved(&slug, Step::Pages, &format!("“{}” is saved.", form.title.trim()))),
        Err(mistake) => {
            let standing = find(&app, &opened, &page).await?;
            Ok(show_again(page_page(&app, opened, shell, standing, form, mistake).await?))
        }
    }
}

fn overtaken(_: AppError) -> AppError {
    AppError::field(
        "form",
        "Someone else saved this page while you were editing. Below is what your version would change in theirs; \
        save again to replace theirs with yours.",
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RestoreForm {
    number: i32,
}

async fn post_restore(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    shell: Shell,
    Form(RestoreForm { number }): Form<RestoreForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    let host = shell.member()?;
    history::restore(&app, host, &opened.seen, &page, number, |_| Ok(())).await?;
    Ok(saved(&slug, Step::Pages, &format!("Version {number} has been restored as the newest version.")))
}

async fn post_up(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    shell: Shell,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    edit_pages::move_page_up(&app, shell.member()?, &opened.seen, &page).await?;
    Ok(saved(&slug, Step::Pages, "The page was moved up in the menu."))
}

async fn post_remove(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    shell: Shell,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Pages)).await?;
    edit_pages::remove_page(&app, shell.member()?, &opened.seen, &page, |_| Ok(())).await?;
    Ok(saved(&slug, Step::Pages, "The page has been deleted."))
}
