//! Webhooks as JSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::model::{Delivery, Webhook};
use super::register::{self, Wish};
use super::{read, store};
use crate::api::body::ApiJson;
use crate::api::conditions::Condition;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::api::as_host;
use crate::error::Result;
use crate::ids::WebhookId;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_webhooks, create_webhook))
        .routes(routes!(show_webhook, remove_webhook))
        .routes(routes!(ping_webhook))
        .routes(routes!(list_deliveries))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct WebhookJson {
    id: WebhookId,
    url: String,
    events: Vec<String>,
    created_at: DateTime<Utc>,
    /// When the receiver answered that it is gone (410).
    disabled_at: Option<DateTime<Utc>>,
    /// Signs the messages (Standard Webhooks, `v1`); in the answer that made it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<Webhook> for WebhookJson {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            events: webhook.events,
            created_at: webhook.created_at,
            disabled_at: webhook.disabled_at,
            secret: None,
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct WebhooksJson {
    items: Vec<WebhookJson>,
}

/// A competition's webhooks.
#[utoipa::path(
    get,
    path = paths::API_WEBHOOKS,
    tag = "Webhooks",
    security(("token" = ["host"])),
    responses((status = 200, description = "The webhooks; at most ten", body = WebhooksJson)),
)]
async fn list_webhooks(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<WebhooksJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let webhooks = read::list(&app, &seen).await?;
    Ok(Json(WebhooksJson { items: webhooks.into_iter().map(WebhookJson::from).collect() }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWebhookJson {
    /// Begins with `https://` and leads to a public address.
    #[schema(example = "https://example.org/hooks/holdout")]
    url: String,
    /// `submission.scored`, `competition.closed`.
    #[schema(example = json!(["submission.scored"]))]
    events: Vec<String>,
}

/// Add a webhook.
///
/// Every message is a POST of JSON with the headers `webhook-id`, `webhook-timestamp` and
/// `webhook-signature` of Standard Webhooks. It names things and holds no score. What is not answered with
/// 2xx is tried again, ten times in about three days; 410 ends the webhook.
#[utoipa::path(
    post,
    path = paths::API_WEBHOOKS,
    tag = "Webhooks",
    security(("token" = ["host"])),
    request_body = NewWebhookJson,
    responses((status = 201, description = "The webhook, with its secret", body = WebhookJson)),
)]
async fn create_webhook(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<NewWebhookJson>>,
) -> Result<(StatusCode, Json<WebhookJson>)> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let ApiJson(asked) = body?;
    let wish = Wish::check(&asked.url, &asked.events, app.config.webhooks_to_private_addresses)?;
    let webhook = register::add(&app, &host, &seen, &wish).await?;
    let secret = Some(webhook.secret_text());
    Ok((StatusCode::CREATED, Json(WebhookJson { secret, ..webhook.into() })))
}

/// One webhook.
#[utoipa::path(
    get,
    path = paths::API_WEBHOOK,
    tag = "Webhooks",
    security(("token" = ["host"])),
    responses((status = 200, description = "The webhook; its secret is not told again", body = WebhookJson)),
)]
async fn show_webhook(
    State(app): State<App>,
    Path((slug, id)): Path<(String, WebhookId)>,
    caller: ApiMember,
) -> Result<Json<WebhookJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    Ok(Json(read::find(&app, &seen, id).await?.into()))
}

/// Remove a webhook, with the record of its messages.
#[utoipa::path(
    delete,
    path = paths::API_WEBHOOK,
    tag = "Webhooks",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the webhook as the caller read it: remove it only if it is still so")),
    responses((status = 204, description = "Nothing more is sent there"), (status = 412, description = "It was changed since")),
)]
async fn remove_webhook(
    State(app): State<App>,
    Path((slug, id)): Path<(String, WebhookId)>,
    caller: ApiMember,
    condition: Condition,
) -> Result<StatusCode> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let stands = async |conn: &mut PgConnection| {
        let webhook = store::find(conn, seen.competition.id, id).await?;
        condition.hold(webhook.map(WebhookJson::from))
    };
    register::remove(&app, &host, &seen, id, stands).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a trial message of the type `ping`.
#[utoipa::path(
    post,
    path = paths::API_WEBHOOK_PING,
    tag = "Webhooks",
    security(("token" = ["host"])),
    responses((status = 202, description = "It is on its way; see the messages")),
)]
async fn ping_webhook(
    State(app): State<App>,
    Path((slug, id)): Path<(String, WebhookId)>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    register::ping(&app, &seen, id).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct DeliveryJson {
    id: i64,
    /// As in the header `webhook-id`, behind `msg_`; the same for every attempt.
    message_id: Uuid,
    event: String,
    /// `waiting`, `delivered` or `given_up`.
    state: &'static str,
    created_at: DateTime<Utc>,
    attempts: i32,
    next_attempt_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    /// HTTP status of the newest answer.
    last_status: Option<i32>,
    last_error: Option<String>,
}

impl From<Delivery> for DeliveryJson {
    fn from(delivery: Delivery) -> Self {
        Self {
            state: delivery.state(),
            id: delivery.id,
            message_id: delivery.message_id,
            event: delivery.event,
            created_at: delivery.created_at,
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at,
            delivered_at: delivery.delivered_at,
            last_status: delivery.last_status,
            last_error: delivery.last_error,
        }
    }
}

/// What was sent to a webhook in the last 30 days, and what came of it.
#[utoipa::path(
    get,
    path = paths::API_WEBHOOK_DELIVERIES,
    tag = "Webhooks",
    security(("token" = ["host"])),
    params(Keyset),
    responses((status = 200, description = "Messages, newest first", body = Slice<DeliveryJson>)),
)]
async fn list_deliveries(
    State(app): State<App>,
    Path((slug, id)): Path<(String, WebhookId)>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<DeliveryJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let (_, deliveries) = read::with_deliveries(&app, &seen, id, keyset).await?;
    Ok(deliveries.map(DeliveryJson::from))
}
