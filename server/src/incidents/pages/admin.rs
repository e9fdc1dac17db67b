//! The forms by which administrators open, tell of and end incidents.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::{Form, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::admin::Admin;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::settings::time;
use crate::error::Result;
use crate::ids::IncidentId;
use crate::incidents::model::{Incident, Part, Wish};
use crate::incidents::{record, store};
use crate::paths;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::ADMIN_INCIDENTS, form(show_incidents, post_open))
        .route(paths::ADMIN_INCIDENT_UPDATE, post(post_update))
        .route(paths::ADMIN_INCIDENT_RESOLVE, post(post_resolve))
}

/// An unchecked box is not sent at all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OpenForm {
    pub title: String,
    pub text: String,
    pub began_at: String,
    pub pages: Option<String>,
    pub uploads: Option<String>,
    pub scoring: Option<String>,
    pub mail: Option<String>,
}

impl OpenForm {
    pub fn has(&self, part: &Part) -> bool {
        match part {
            Part::Pages => &self.pages,
            Part::Uploads => &self.uploads,
            Part::Scoring => &self.scoring,
            Part::Mail => &self.mail,
        }
        .is_some()
    }

    fn wish(&self) -> Result<Wish> {
        Ok(Wish {
            title: self.title.clone(),
            affects: Part::ALL.into_iter().filter(|part| self.has(part)).collect(),
            text: self.text.clone(),
            began_at: time_or_now("began_at", &self.began_at)?,
        })
    }
}

fn time_or_now(field: &'static str, typed: &str) -> Result<Option<DateTime<Utc>>> {
    if typed.trim().is_empty() { Ok(None) } else { time(field, typed).map(Some) }
}

#[derive(Template, WebTemplate)]
#[template(path = "incidents/admin.html")]
pub struct AdminIncidentsPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub incidents: Slice<Incident>,
    pub looked_at: DateTime<Utc>,
    pub form: OpenForm,
    pub mistake: Mistake,
}

impl AdminIncidentsPage {
    pub fn sample() -> Self {
        let shell = Shell::sample();
        let over = Incident { ended_at: Some(shell.now), ..Incident::sample() };
        Self {
            looked_at: shell.now,
            shell,
            tab: paths::ADMIN_INCIDENTS,
            incidents: Slice { items: vec![Incident::sample(), over], next: Some(1) },
            form: OpenForm { mail: Some("yes".to_owned()), ..OpenForm::default() },
            mistake: Mistake::new("affects", "Choose at least one part of the site."),
        }
    }
}

async fn show_incidents(
    State(app): State<App>,
    shell: Shell,
    Admin(_): Admin,
    Query(keyset): Query<Keyset>,
) -> Result<AdminIncidentsPage> {
    page(&app, shell, keyset, OpenForm::default(), Mistake::none()).await
}

async fn page(
    app: &App,
    shell: Shell,
    keyset: Keyset,
    form: OpenForm,
    mistake: Mistake,
) -> Result<AdminIncidentsPage> {
    let found = store::list(&mut *app.db.acquire().await?, keyset.before(), keyset.fetched()).await?;
    let incidents = keyset.slice(found, |incident| incident.id.0);
    let tab = paths::ADMIN_INCIDENTS;
    Ok(AdminIncidentsPage { looked_at: shell.now, shell, tab, incidents, form, mistake })
}

async fn post_open(
    State(app): State<App>,
    shell: Shell,
    Admin(admin): Admin,
    Form(form): Form<OpenForm>,
) -> Result<Response> {
    let opened = match form.wish() {
        Ok(wish) => record::open(&app, &admin, &wish).await,
        Err(error) => Err(error),
    };
    answer(&app, shell, form, opened, "It is now public.").await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UpdateForm {
    text: String,
    ended_at: String,
}

async fn post_update(
    State(app): State<App>,
    shell: Shell,
    Admin(admin): Admin,
    Path(id): Path<IncidentId>,
    Form(form): Form<UpdateForm>,
) -> Result<Response> {
    let told = record::update(&app, &admin, id, &form.text).await;
    answer(&app, shell, OpenForm::default(), told, "Told.").await
}

async fn post_resolve(
    State(app): State<App>,
    shell: Shell,
    Admin(admin): Admin,
    Path(id): Path<IncidentId>,
    Form(form): Form<UpdateForm>,
) -> Result<Response> {
    let ended = match time_or_now("ended_at", &form.ended_at) {
        Ok(ended_at) => record::resolve(&app, &admin, id, &form.text, ended_at).await,
        Err(error) => Err(error),
    };
    answer(
        &app,
        shell,
        OpenForm::default(),
        ended,
        "The incident is closed, and the affected hosts are asked about \
    their deadlines.",
    )
    .await
}

async fn answer<T>(
    app: &App,
    shell: Shell,
    form: OpenForm,
    outcome: Result<T>,
    sentence: &str,
) -> Result<Response> {
    match mistake(outcome)? {
        Ok(_) => Ok(redirect_saying(paths::ADMIN_INCIDENTS, sentence)),
        Err(mistake) => Ok(show_again(page(app, shell, Keyset::default(), form, mistake).await?)),
    }
}
