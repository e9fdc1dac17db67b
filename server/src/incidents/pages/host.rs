//! Where hosts are asked whether the end should move out by the length of an outage.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::{Form, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::pages::setup::{Setup, open};
use crate::error::{AppError, Result};
use crate::ids::IncidentId;
use crate::incidents::extend;
use crate::incidents::store::offers::{self, Offer};
use crate::paths;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_EXTENSIONS, get(show_extensions))
        .route(paths::HOST_EXTENSION, post(post_answer))
}

#[derive(Template, WebTemplate)]
#[template(path = "incidents/extensions.html")]
pub struct ExtensionsPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub offers: Slice<Offer>,
    pub mistake: Mistake,
}

impl ExtensionsPage {
    pub fn sample() -> Self {
        let answered = |is_accepted| Offer { is_accepted: Some(is_accepted), ..Offer::sample() };
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup { is_launched: true, ..Setup::sample(None) },
            offers: Slice { items: vec![Offer::sample(), answered(true), answered(false)], next: Some(1) },
            mistake: Mistake::new("form", "This question has already been answered."),
        }
    }

    /// The end as it is, and as it would be.
    pub fn moves(&self, offer: &Offer) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let now = self.frame.competition.ends_at?;
        Some((now, now + (offer.ended_at - offer.began_at)))
    }
}

async fn show_extensions(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<ExtensionsPage> {
    page(&app, &slug, shell, keyset, Mistake::none()).await
}

async fn page(
    app: &App,
    slug: &str,
    shell: Shell,
    keyset: Keyset,
    mistake: Mistake,
) -> Result<ExtensionsPage> {
    let opened = open(app, slug, &shell, None).await?;
    let id = opened.seen.competition.id;
    let found = offers::list(&mut *app.db.acquire().await?, id, keyset.before(), keyset.fetched()).await?;
    let offers = keyset.slice(found, |offer| offer.incident.0);
    Ok(ExtensionsPage { frame: opened.frame(&shell), setup: opened.setup, shell, offers, mistake })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AnswerForm {
    answer: String,
}

async fn post_answer(
    State(app): State<App>,
    Path((slug, id)): Path<(String, IncidentId)>,
    shell: Shell,
    Form(form): Form<AnswerForm>,
) -> Result<Response> {
    let host = shell.member()?.clone();
    let seen = access::see_as_host(&app, &slug, Some(&host)).await?;
    let is_accepted = match form.answer.as_str() {
        "accept" => Ok(true),
        "decline" => Ok(false),
        _ => Err(AppError::field("form", "Say whether the end should move.")),
    };
    let answered = match is_accepted {
        Ok(is_accepted) => extend::answer(&app, &host, &seen, id, is_accepted).await,
        Err(error) => Err(error),
    };
    match mistake(answered)? {
        Ok(offer) => {
            let is_moved = offer.is_accepted == Some(true);
            let moved = "The end was extended, and participants are being notified.";
            let sentence = if is_moved { moved } else { "The end was not changed." };
            Ok(redirect_saying(&paths::host_extensions(&slug), sentence))
        }
        Err(mistake) => Ok(show_again(page(&app, &slug, shell, Keyset::default(), mistake).await?)),
    }
}
