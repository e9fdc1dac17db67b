//! Who hosts; and a copy of what is over.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Form, Router};
use serde::Deserialize;

use super::{Opened, Setup, open};
use crate::app::App;
use crate::competitions::create::Address;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::settings::Basics;
use crate::competitions::store::cohosts::{self as store, Host};
use crate::competitions::{access, cohosts, copy};
use crate::error::Result;
use crate::paths;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_HOSTS, form(show_hosts, post_host))
        .route(paths::HOST_HOSTS_REMOVE, post(post_remove))
        .route(paths::HOST_COPY, form(show_copy, post_copy))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HostForm {
    pub username: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/hosts.html")]
pub struct HostsPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub hosts: Vec<Host>,
    pub form: HostForm,
    pub mistake: Mistake,
}

impl HostsPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(None),
            hosts: vec![Host { is_creator: true, ..Host::sample() }, Host::sample()],
            form: HostForm::default(),
            mistake: Mistake::none(),
        }
    }
}

async fn show_hosts(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<HostsPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    hosts_page(&app, opened, shell, HostForm::default(), Mistake::none()).await
}

async fn hosts_page(
    app: &App,
    opened: Opened,
    shell: Shell,
    form: HostForm,
    mistake: Mistake,
) -> Result<HostsPage> {
    let hosts = store::all(&mut *app.db.acquire().await?, opened.seen.competition.id).await?;
    Ok(HostsPage { frame: opened.frame(&shell), setup: opened.setup, shell, hosts, form, mistake })
}

async fn post_host(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<HostForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, None).await?;
    match mistake(cohosts::add(&app, shell.member()?, &opened.seen, &form.username).await)? {
        Ok(()) => Ok(back(&slug, &format!("{} is now a host too.", form.username.trim()))),
        Err(mistake) => Ok(show_again(hosts_page(&app, opened, shell, form, mistake).await?)),
    }
}

async fn post_remove(
    State(app): State<App>,
    Path((slug, username)): Path<(String, String)>,
    shell: Shell,
) -> Result<Response> {
    let host = shell.member()?;
    let seen = access::see_as_host(&app, &slug, Some(host)).await?;
    cohosts::remove(&app, host, &seen, &username).await?;
    if host.username == username && !host.is_admin {
        return Ok(redirect_saying(
            paths::HOME,
            "You no longer host this competition, and cannot take part in it.",
        ));
    }
    Ok(back(&slug, &format!("{username} is no longer a host.")))
}

fn back(slug: &str, sentence: &str) -> Response {
    redirect_saying(&paths::host_hosts(slug), sentence)
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CopyForm {
    pub title: String,
    pub slug: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/copy.html")]
pub struct CopyPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub form: CopyForm,
    pub mistake: Mistake,
}

impl CopyPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup { is_launched: true, ..Setup::sample(None) },
            form: CopyForm { title: "House prices, once more".to_owned(), slug: String::new() },
            mistake: Mistake::new("slug", "This address is taken: choose another."),
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self.frame.phase.name(), "closed" | "final")
    }
}

fn copy_page(opened: Opened, shell: Shell, form: CopyForm, mistake: Mistake) -> CopyPage {
    CopyPage { frame: opened.frame(&shell), setup: opened.setup, shell, form, mistake }
}

async fn show_copy(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<CopyPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    let form = CopyForm { title: opened.seen.competition.title.clone(), slug: String::new() };
    Ok(copy_page(opened, shell, form, Mistake::none()))
}

async fn post_copy(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<CopyForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, None).await?;
    let outcome = match Basics::read(&form.title, &form.slug, &opened.seen.competition.subtitle) {
        Ok(basics) => {
            let address = Address::of(&form.slug);
            copy::copy(&app, shell.member()?, &opened.seen, basics, address).await
        }
        Err(error) => Err(error),
    };
    match mistake(outcome)? {
        Ok(draft) => Ok(redirect_saying(
            &paths::host(&draft.slug),
            "The draft has been created. Review its times and pages, then launch it.",
        )),
        Err(mistake) => Ok(show_again(copy_page(opened, shell, form, mistake))),
    }
}
