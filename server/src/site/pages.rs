//! The site's settings as a page for administrators.

use axum::response::Response;
use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::{Form, Router};
use serde::Deserialize;

use super::change::change;
use super::model::{AskedOf, Changes, Registration, Site};
use crate::admin::Admin;
use crate::app::App;
use crate::error::Result;
use crate::paths;
use crate::site_texts::model::Kind;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::form;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::ADMIN_SITE, form(show_site, post_site))
}

/// An unchecked box is not sent at all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SiteForm {
    pub name: String,
    pub notice: String,
    pub registration: String,
    pub registration_domains: String,
    pub members_may_host: Option<String>,
    pub two_factors_for: String,
}

impl SiteForm {
    fn of(site: &Site) -> Self {
        let tick = |is_so: bool| is_so.then(|| "yes".to_owned());
        Self {
            name: site.name.clone(),
            notice: site.notice.clone(),
            registration: site.registration.name().to_owned(),
            registration_domains: site.registration_domains.join("\n"),
            members_may_host: tick(site.members_may_host),
            two_factors_for: site.two_factors_for.name().to_owned(),
        }
    }

    fn changes(&self) -> Changes {
        Changes {
            name: Some(self.name.clone()),
            notice: Some(self.notice.clone()),
            registration: Registration::parse(&self.registration),
            registration_domains: Some(vec![self.registration_domains.clone()]),
            members_may_host: Some(self.members_may_host.is_some()),
            two_factors_for: AskedOf::parse(&self.two_factors_for),
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "site/settings.html")]
pub struct SitePage {
    pub shell: Shell,
    pub tab: &'static str,
    pub form: SiteForm,
    pub mistake: Mistake,
}

impl SitePage {
    fn new(shell: Shell, form: SiteForm, mistake: Mistake) -> Self {
        Self { shell, tab: paths::ADMIN_SITE, form, mistake }
    }

    pub fn sample() -> Self {
        let site = Site { notice: "Back at noon.".to_owned(), ..Site::default() };
        let mut shell = Shell::sample();
        shell.site = Arc::new(site.clone());
        Self::new(shell, SiteForm::of(&site), Mistake::new("name", "One line."))
    }
}

async fn show_site(shell: Shell, Admin(_): Admin) -> SitePage {
    let form = SiteForm::of(&shell.site);
    SitePage::new(shell, form, Mistake::none())
}

async fn post_site(
    State(app): State<App>,
    shell: Shell,
    Admin(admin): Admin,
    Form(form): Form<SiteForm>,
) -> Result<Response> {
    match mistake(change(&app, &admin, form.changes()).await)? {
        Ok(_) => Ok(redirect_saying(paths::ADMIN_SITE, "Saved.")),
        Err(mistake) => Ok(show_again(SitePage::new(shell, form, mistake))),
    }
}
