//! Announcements for everybody, and the forms by which hosts write, correct and withdraw them.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Router};
use serde::Deserialize;

use super::model::{Announcement, REASON_LIMIT, TEXT_LIMIT, Wish};
use super::{announce, read};
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::pages::setup::{Setup, open};
use crate::error::Result;
use crate::folder::links;
use crate::ids::BulletinId;
use crate::paths;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::ANNOUNCEMENTS, get(show_announcements))
        .route(paths::HOST_ANNOUNCEMENTS, form(show_form, post_announce))
        .route(paths::HOST_ANNOUNCEMENT, form(show_correction, post_correct))
        .route(paths::HOST_ANNOUNCEMENT_WITHDRAW, post(post_withdraw))
}

#[derive(Template, WebTemplate)]
#[template(path = "announcements/announcements.html")]
pub struct AnnouncementsPage {
    pub shell: Shell,
    pub frame: Frame,
    pub announcements: Slice<Announcement>,
}

impl AnnouncementsPage {
    pub fn sample() -> Self {
        let items = vec![Announcement::sample(), Announcement::sample_withdrawn()];
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Overview),
            announcements: Slice { items, next: Some(1) },
        }
    }
}

async fn show_announcements(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<AnnouncementsPage> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let announcements = read::list(&app, &seen, keyset).await?;
    let frame = Frame::new(seen, Tab::Overview, shell.now);
    Ok(AnnouncementsPage { shell, frame, announcements })
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AnnounceForm {
    pub title: String,
    pub text: String,
    /// Which button was pressed.
    pub act: String,
}

impl AnnounceForm {
    fn of(wish: Wish) -> Self {
        Self { title: wish.title, text: wish.text, act: String::new() }
    }

    fn wish(&self) -> Wish {
        Wish { title: self.title.clone(), text: self.text.clone() }
    }

    fn preview(&self, slug: &str) -> Option<String> {
        (self.act == "preview").then(|| links::draw(slug, &self.text))
    }
}

/// The form that an announcement is written in, below it those there are.
#[derive(Template, WebTemplate)]
#[template(path = "announcements/host.html")]
pub struct HostAnnouncementsPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub announcements: Slice<Announcement>,
    pub form: AnnounceForm,
    /// Drawn from the form's text; empty where none was asked for.
    pub preview: String,
    pub mistake: Mistake,
}

impl HostAnnouncementsPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup { is_launched: true, ..Setup::sample(None) },
            announcements: Slice {
                items: vec![Announcement::sample(), Announcement::sample_withdrawn()],
                next: Some(1),
            },
            form: AnnounceForm::default(),
            preview: "<p>Text</p>".to_owned(),
            mistake: Mistake::new("text", "Write something first."),
        }
    }

    pub fn text_limit(&self) -> usize {
        TEXT_LIMIT
    }
}

async fn show_form(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<HostAnnouncementsPage> {
    page(&app, &slug, shell, keyset, AnnounceForm::default(), Mistake::none()).await
}

async fn page(
    app: &App,
    slug: &str,
    shell: Shell,
    keyset: Keyset,
    form: AnnounceForm,
    mistake: Mistake,
) -> Result<HostAnnouncementsPage> {
    let opened = open(app, slug, &shell, None).await?;
    let announcements = read::list(app, &opened.seen, keyset).await?;
    let preview = form.preview(slug).unwrap_or_default();
    let frame = opened.frame(&shell);
    Ok(HostAnnouncementsPage { frame, setup: opened.setup, shell, announcements, form, preview, mistake })
}

async fn post_announce(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<AnnounceForm>,
) -> Result<Response> {
    let host = shell.member()?.clone();
    let seen = access::see_as_host(&app, &slug, Some(&host)).await?;
    if form.act == "preview" {
        let page = page(&app, &slug, shell, Keyset::default(), form, Mistake::none()).await?;
        return Ok(page.into_response());
    }
    match mistake(announce::announce(&app, &host, &seen, &form.wish()).await)? {
        Ok(_) => Ok(redirect_saying(
            &paths::announcements(&slug),
            "It is on the competition's page, and participants are being notified.",
        )),
        Err(mistake) => Ok(show_again(page(&app, &slug, shell, Keyset::default(), form, mistake).await?)),
    }
}

/// The forms by which one announcement is corrected or withdrawn.
#[derive(Template, WebTemplate)]
#[template(path = "announcements/correct.html")]
pub struct CorrectionPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub announcement: Announcement,
    pub form: AnnounceForm,
    pub reason: String,
    /// Drawn from the form's text; empty where none was asked for.
    pub preview: String,
    pub mistake: Mistake,
}

impl CorrectionPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup { is_launched: true, ..Setup::sample(None) },
            announcement: Announcement::sample(),
            form: AnnounceForm::of(Announcement::sample().wish()),
            reason: String::new(),
            preview: "<p>Text</p>".to_owned(),
            mistake: Mistake::new("reason", "Say why."),
        }
    }

    pub fn text_limit(&self) -> usize {
        TEXT_LIMIT
    }

    pub fn reason_limit(&self) -> usize {
        REASON_LIMIT
    }
}

async fn show_correction(
    State(app): State<App>,
    Path((slug, id)): Path<(String, BulletinId)>,
    shell: Shell,
) -> Result<CorrectionPage> {
    correction(&app, &slug, id, shell, None).await
}

/// Without a form, it holds the announcement as it stands.
async fn correction(
    app: &App,
    slug: &str,
    id: BulletinId,
    shell: Shell,
    form: Option<AnnounceForm>,
) -> Result<CorrectionPage> {
    let opened = open(app, slug, &shell, None).await?;
    let announcement = read::find(app, &opened.seen, id).await?;
    let form = form.unwrap_or_else(|| AnnounceForm::of(announcement.wish()));
    let preview = form.preview(slug).unwrap_or_default();
    Ok(CorrectionPage {
        frame: opened.frame(&shell),
        setup: opened.setup,
        shell,
        announcement,
        form,
        reason: String::new(),
        preview,
        mistake: Mistake::none(),
    })
}

async fn post_correct(
    State(app): State<App>,
    Path((slug, id)): Path<(String, BulletinId)>,
    shell: Shell,
    Form(form): Form<AnnounceForm>,
) -> Result<Response> {
    let host = shell.member()?.clone();
    let seen = access::see_as_host(&app, &slug, Some(&host)).await?;
    if form.act == "preview" {
        return Ok(correction(&app, &slug, id, shell, Some(form)).await?.into_response());
    }
    match mistake(announce::correct(&app, &host, &seen, id, &form.wish()).await)? {
        Ok(()) => Ok(done(&slug, "Corrected. It is marked as corrected, and people are not notified again.")),
        Err(mistake) => {
            let page = correction(&app, &slug, id, shell, Some(form)).await?;
            Ok(show_again(CorrectionPage { mistake, ..page }))
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WithdrawForm {
    reason: String,
}

async fn post_withdraw(
    State(app): State<App>,
    Path((slug, id)): Path<(String, BulletinId)>,
    shell: Shell,
    Form(WithdrawForm { reason }): Form<WithdrawForm>,
) -> Result<Response> {
    let host = shell.member()?.clone();
    let seen = access::see_as_host(&app, &slug, Some(&host)).await?;
    match mistake(announce::withdraw(&app, &host, &seen, id, &reason).await)? {
        Ok(()) => Ok(done(&slug, "Withdrawn. Its text stays, marked, with your reason.")),
        Err(mistake) => {
            let page = correction(&app, &slug, id, shell, None).await?;
            Ok(show_again(CorrectionPage { mistake, reason, ..page }))
        }
    }
}

fn done(slug: &str, sentence: &str) -> Response {
    redirect_saying(&paths::announcements(slug), sentence)
}
