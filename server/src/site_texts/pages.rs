//! The texts as pages, and as forms for administrators.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::{Form, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::model::{Kind, LONGEST, SiteText, Version};
use super::{store, write};
use crate::admin::Admin;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::retention;
use crate::retention::model::{Kept, Setting};
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, get};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::PRIVACY, get(show_privacy))
        .route(paths::IMPRINT, get(show_imprint))
        .route(paths::TERMS, form(show_terms, post_acceptance))
        .route(paths::ADMIN_TEXT, form(show_form, post_text))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// An older one.
    version: Option<i32>,
}

#[derive(Template, WebTemplate)]
#[template(path = "site_texts/text.html")]
pub struct SiteTextPage {
    pub shell: Shell,
    pub kind: Kind,
    pub text: SiteText,
    pub versions: Vec<Version>,
    /// Of the terms that hold, for a member.
    pub acceptance: Option<Acceptance>,
    /// Beside the text that comes with the program.
    pub retention: Vec<Setting>,
    pub mistake: Mistake,
}

/// Whether a member accepted the terms that hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    Due,
    Given(DateTime<Utc>),
}

impl SiteTextPage {
    pub fn sample() -> Self {
        let version =
            |number, is_withdrawal| Version { number, written_at: DateTime::UNIX_EPOCH, is_withdrawal };
        Self {
            shell: Shell::sample(),
            kind: Kind::Terms,
            text: SiteText::sample(),
            versions: vec![version(2, false), version(1, true)],
            acceptance: Some(Acceptance::Due),
            retention: vec![Setting { kept: Kept::Mails, days: Some(90) }],
            mistake: Mistake::none(),
        }
    }

    pub fn address(&self) -> &'static str {
        address(self.kind)
    }

    pub fn is_due(&self) -> bool {
        self.acceptance == Some(Acceptance::Due)
    }

    pub fn accepted_at(&self) -> Option<DateTime<Utc>> {
        match self.acceptance {
            Some(Acceptance::Given(at)) => Some(at),
            _ => None,
        }
    }

    /// Those that can be read beside the one that is shown.
    pub fn others(&self) -> Vec<Version> {
        let is_other = |version: &&Version| version.number != self.text.number && !version.is_withdrawal;
        self.versions.iter().filter(is_other).copied().collect()
    }
}

fn address(kind: Kind) -> &'static str {
    match kind {
        Kind::Privacy => paths::PRIVACY,
        Kind::Imprint => paths::IMPRINT,
        Kind::Terms => paths::TERMS,
    }
}

async fn page(
    app: &App,
    shell: Shell,
    kind: Kind,
    number: Option<i32>,
    mistake: Mistake,
) -> Result<SiteTextPage> {
    let mut conn = app.db.acquire().await?;
    let (text, versions) = write::read(&mut conn, kind, number, shell.viewer.as_ref()).await?;
    let holds = shell.site.texts.terms.filter(|number| kind == Kind::Terms && *number == text.number);
    let acceptance = match (&shell.viewer, holds) {
        (Some(member), Some(number)) => {
            let at = store::accepted_at(&mut conn, member.id, number).await?;
            Some(at.map_or(Acceptance::Due, Acceptance::Given))
        }
        _ => None,
    };
    let retention = match text.number {
        0 => retention::store::all(&mut conn).await?,
        _ => Vec::new(),
    };
    drop(conn);
    Ok(SiteTextPage { shell, kind, text, versions, acceptance, retention, mistake })
}

async fn show_privacy(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    shell: Shell,
) -> Result<SiteTextPage> {
    page(&app, shell, Kind::Privacy, asked.version, Mistake::none()).await
}

async fn show_imprint(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    shell: Shell,
) -> Result<SiteTextPage> {
    page(&app, shell, Kind::Imprint, asked.version, Mistake::none()).await
}

async fn show_terms(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    shell: Shell,
) -> Result<SiteTextPage> {
    page(&app, shell, Kind::Terms, asked.version, Mistake::none()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AcceptanceForm {
    version: String,
}

async fn post_acceptance(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<AcceptanceForm>,
) -> Result<Response> {
    // What is no number is no version either.
    let number = form.version.trim().parse().unwrap_or(0);
    match mistake(write::accept(&app, &member, number).await)? {
        Ok(()) => Ok(redirect_saying(paths::TERMS, "You accepted the terms of use.")),
        Err(mistake) => Ok(show_again(page(&app, shell, Kind::Terms, None, mistake).await?)),
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TextForm {
    pub markdown: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "site_texts/form.html")]
pub struct SiteTextFormPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub kind: Kind,
    pub form: TextForm,
    pub mistake: Mistake,
}

impl SiteTextFormPage {
    fn new(shell: Shell, kind: Kind, form: TextForm, mistake: Mistake) -> Self {
        Self { shell, tab: paths::ADMIN_SITE, kind, form, mistake }
    }

    pub fn sample() -> Self {
        let form = TextForm { markdown: "Be *kind*.".to_owned() };
        Self::new(Shell::sample(), Kind::Privacy, form, Mistake::new("markdown", "Write the text first."))
    }

    pub fn longest(&self) -> usize {
        LONGEST
    }

    /// What stands there where nothing is written, to begin from.
    pub fn of_program(&self) -> Option<String> {
        SiteText::of_program(self.kind).map(|text| text.markdown)
    }

    pub fn address(&self) -> &'static str {
        address(self.kind)
    }
}

async fn show_form(
    State(app): State<App>,
    Path(name): Path<String>,
    shell: Shell,
    Admin(_): Admin,
) -> Result<SiteTextFormPage> {
    let kind = Kind::named(&name).ok_or(AppError::NotFound)?;
    let standing = store::newest(&mut *app.db.acquire().await?, kind).await?;
    let markdown = standing.map(|text| text.markdown).unwrap_or_default();
    Ok(SiteTextFormPage::new(shell, kind, TextForm { markdown }, Mistake::none()))
}

async fn post_text(
    State(app): State<App>,
    Path(name): Path<String>,
    shell: Shell,
    Admin(admin): Admin,
    Form(form): Form<TextForm>,
) -> Result<Response> {
    let kind = Kind::named(&name).ok_or(AppError::NotFound)?;
    match mistake(write::write(&app, &admin, kind, &form.markdown).await)? {
        Ok(()) => Ok(redirect_saying(paths::ADMIN_SITE, "Saved.")),
        Err(mistake) => Ok(show_again(SiteTextFormPage::new(shell, kind, form, mistake))),
    }
}
