//! The status page, the incidents before, the forms of administrators; what hosts are asked: `host`.

pub mod admin;
pub mod host;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};

use super::facts::{self, Known, SHOWN};
use super::model::{Condition, Incident, State as PartState, conditions};
use super::store;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

/// The status page itself lies outside of what needs the database: `web::assemble`.
pub fn router() -> Router<App> {
    Router::new().route(paths::STATUS_HISTORY, get(show_history)).merge(admin::router()).merge(host::router())
}

/// A document of its own: it knows nobody, so that it needs no session and no database.
#[derive(Template)]
#[template(path = "incidents/status.html")]
pub struct StatusPage {
    /// Of the site.
    pub name: String,
    pub conditions: Vec<Condition>,
    pub incidents: Vec<Incident>,
    pub looked_at: DateTime<Utc>,
    /// Where older incidents begin.
    pub older: Option<i64>,
}

impl StatusPage {
    fn new(name: String, known: &Known) -> Self {
        let is_full = i64::try_from(known.incidents.len()).unwrap_or(i64::MAX) >= SHOWN;
        let older = known.incidents.last().filter(|_| is_full).map(|incident| incident.id.0);
        Self {
            name,
            conditions: conditions(&known.facts).into(),
            incidents: known.incidents.clone(),
            looked_at: known.looked_at,
            older,
        }
    }

    pub fn sample() -> Self {
        let over = Incident { ended_at: Some(Shell::sample().now), ..Incident::sample() };
        let condition = Condition {
            part: super::model::Part::Scoring,
            state: PartState::Down,
            sentence: "No scorer is at work.".to_owned(),
        };
        Self {
            name: "Holdout".to_owned(),
            conditions: vec![condition],
            incidents: vec![Incident::sample(), over],
            looked_at: Shell::sample().now,
            older: Some(1),
        }
    }

    /// In one sentence.
    pub fn summary(&self) -> &'static str {
        let is_any = |state| self.conditions.iter().any(|condition| condition.state == state);
        if is_any(PartState::Down) {
            "Something is not working at the moment."
        } else if is_any(PartState::Disturbed) {
            "Working, with disruptions."
        } else if self.has_open() {
            "Everything is working, but an incident is open."
        } else {
            "Everything works."
        }
    }

    pub fn has_open(&self) -> bool {
        self.incidents.iter().any(|incident| incident.ended_at.is_none())
    }

    /// Whether nothing is on record that is over.
    pub fn is_quiet(&self) -> bool {
        self.incidents.iter().all(|incident| incident.ended_at.is_none())
    }
}

/// Answers whatever is down.
pub async fn show_status(State(app): State<App>) -> Result<Response> {
    let known = facts::known(&app).await;
    let page = StatusPage::new(app.site.get().name.clone(), &known);
    let html = page.render().map_err(|error| AppError::Internal(error.into()))?;
    Ok(([(CACHE_CONTROL, "public, max-age=10")], Html(html)).into_response())
}

#[derive(Template, WebTemplate)]
#[template(path = "incidents/history.html")]
pub struct IncidentHistoryPage {
    pub shell: Shell,
    pub incidents: Slice<Incident>,
    pub looked_at: DateTime<Utc>,
}

impl IncidentHistoryPage {
    pub fn sample() -> Self {
        let shell = Shell::sample();
        let incidents = Slice { items: vec![Incident::sample()], next: Some(1) };
        Self { looked_at: shell.now, shell, incidents }
    }
}

async fn show_history(
    State(app): State<App>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<IncidentHistoryPage> {
    let found = store::list(&mut *app.db.acquire().await?, keyset.before(), keyset.fetched()).await?;
    let incidents = keyset.slice(found, |incident| incident.id.0);
    Ok(IncidentHistoryPage { looked_at: shell.now, shell, incidents })
}
