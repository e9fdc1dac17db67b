//! Webhooks as pages, for hosts.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::{Form, Router};
use serde::Deserialize;

use super::model::{Delivery, EVENTS, Webhook};
use super::read;
use super::register::{self, Wish};
use crate::api::conditions::whatever_stands;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::pages::setup::{Setup, host_of, open};
use crate::error::Result;
use crate::ids::WebhookId;
use crate::paths;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_WEBHOOKS, form(show_list, post_add))
        .route(paths::HOST_WEBHOOK, get(show_one))
        .route(paths::HOST_WEBHOOK_PING, post(post_ping))
        .route(paths::HOST_WEBHOOK_REMOVE, post(post_remove))
}

/// An unchecked box is not sent at all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WebhookForm {
    pub url: String,
    pub scored: Option<String>,
    pub closed: Option<String>,
}

impl WebhookForm {
    fn events(&self) -> Vec<String> {
        let boxes = [&self.scored, &self.closed];
        EVENTS
            .iter()
            .zip(boxes)
            .filter(|(_, chosen)| chosen.is_some())
            .map(|((name, _), _)| (*name).to_owned())
            .collect()
    }

    fn proposed() -> Self {
        let yes = || Some("yes".to_owned());
        Self { url: String::new(), scored: yes(), closed: yes() }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "webhooks/list.html")]
pub struct WebhooksPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub webhooks: Vec<Webhook>,
    pub form: WebhookForm,
    pub mistake: Mistake,
}

impl WebhooksPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(None),
            webhooks: vec![Webhook::sample()],
            form: WebhookForm::proposed(),
            mistake: Mistake::new("url", "The address must begin with https://."),
        }
    }
}

async fn show_list(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<WebhooksPage> {
    list_page(&app, &slug, shell, WebhookForm::proposed(), Mistake::none()).await
}

async fn list_page(
    app: &App,
    slug: &str,
    shell: Shell,
    form: WebhookForm,
    mistake: Mistake,
) -> Result<WebhooksPage> {
    let opened = open(app, slug, &shell, None).await?;
    let webhooks = read::list(app, &opened.seen).await?;
    let frame = opened.frame(&shell);
    Ok(WebhooksPage { frame, setup: opened.setup, shell, webhooks, form, mistake })
}

async fn post_add(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<WebhookForm>,
) -> Result<Response> {
    let (host, seen) = host_of(&app, &slug, &shell).await?;
    let added = match Wish::check(&form.url, &form.events(), app.config.webhooks_to_private_addresses) {
        Ok(wish) => register::add(&app, &host, &seen, &wish).await,
        Err(error) => Err(error),
    };
    match mistake(added)? {
        Ok(webhook) => Ok(redirect_saying(
            &paths::host_webhook(&slug, webhook.id),
            "The webhook has been added. Send it a test message.",
        )),
        Err(mistake) => Ok(show_again(list_page(&app, &slug, shell, form, mistake).await?)),
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "webhooks/webhook.html")]
pub struct WebhookPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub webhook: Webhook,
    pub deliveries: Slice<Delivery>,
}

impl WebhookPage {
    pub fn sample() -> Self {
        let delivered = Delivery {
            delivered_at: Some(chrono::DateTime::UNIX_EPOCH),
            next_attempt_at: None,
            last_status: Some(200),
            last_error: None,
            ..Delivery::sample()
        };
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(None),
            webhook: Webhook::sample(),
            deliveries: Slice { items: vec![Delivery::sample(), delivered], next: Some(1) },
        }
    }

    pub fn address(&self) -> String {
        paths::host_webhook(&self.setup.slug, self.webhook.id)
    }
}

async fn show_one(
    State(app): State<App>,
    Path((slug, id)): Path<(String, WebhookId)>,
    Query(keyset): Query<Keyset>,
    shell: Shell,
) -> Result<WebhookPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    let (webhook, deliveries) = read::with_deliveries(&app, &opened.seen, id, keyset).await?;
    Ok(WebhookPage { frame: opened.frame(&shell), setup: opened.setup, shell, webhook, deliveries })
}

async fn post_ping(
    State(app): State<App>,
    Path((slug, id)): Path<(String, WebhookId)>,
    shell: Shell,
) -> Result<Response> {
    let (_, seen) = host_of(&app, &slug, &shell).await?;
    register::ping(&app, &seen, id).await?;
    Ok(redirect_saying(
        &paths::host_webhook(&slug, id),
        "A test message has been queued. Reload this page to see the result.",
    ))
}

async fn post_remove(
    State(app): State<App>,
    Path((slug, id)): Path<(String, WebhookId)>,
    shell: Shell,
) -> Result<Response> {
    let (host, seen) = host_of(&app, &slug, &shell).await?;
    register::remove(&app, &host, &seen, id, whatever_stands).await?;
    Ok(redirect_saying(&paths::host_webhooks(&slug), "The webhook has been removed."))
}
