//! What happened to the caller's account, and the end of all other sessions, as JSON.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::api_sessions::ShownJson;
use crate::accounts::client::Client;
use crate::accounts::events::What;
use crate::accounts::model::Scope;
use crate::accounts::sign_in;
use crate::accounts::store::events::{self, Listed};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_events)).routes(routes!(end_other_sessions))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AccountEvent)]
struct EventJson {
    at: DateTime<Utc>,
    #[schema(value_type = What)]
    what: &'static str,
    /// The name of a token, or of a provider; else empty.
    detail: String,
    /// The network it came from; empty where none is known.
    place: String,
    /// In words.
    browser: String,
    /// How often: failures from one place within an hour are counted together.
    n: i32,
}

impl From<Listed> for EventJson {
    fn from(event: Listed) -> Self {
        Self {
            at: event.at,
            what: event.what.name(),
            detail: event.detail,
            place: event.place,
            browser: event.browser,
            n: event.n,
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AccountEvents)]
struct EventsJson {
    items: Vec<EventJson>,
}

/// Who signed in to the caller's account or failed to, and what was changed of how it is signed in to.
#[utoipa::path(
    get,
    path = paths::API_ACCOUNT_EVENTS,
    tag = "Account",
    security(("token" = ["read"])),
    responses((status = 200, description = "The newest first, at most 100", body = EventsJson)),
)]
async fn list_events(State(app): State<App>, caller: ApiMember) -> Result<Json<EventsJson>> {
    let owner = caller.with(Scope::Read)?;
    let listed = events::list(&mut *app.db.acquire().await?, owner.id).await?;
    Ok(Json(EventsJson { items: listed.into_iter().map(EventJson::from).collect() }))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = EndedSessions)]
struct EndedJson {
    n_ended: u64,
}

/// End all sessions but the one that asks: sign all other browsers out. Tokens stay.
///
/// A token needs every scope that its owner can give.
#[utoipa::path(
    post,
    path = paths::API_OTHER_SESSIONS_END,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    request_body = ShownJson,
    responses((status = 200, description = "How many there were", body = EndedJson)),
)]
async fn end_other_sessions(
    State(app): State<App>,
    client: Client,
    caller: ApiMember,
    body: Result<ApiJson<ShownJson>>,
) -> Result<Json<EndedJson>> {
    let owner = caller.with_all()?;
    let ApiJson(asked) = body?;
    Ok(Json(EndedJson { n_ended: sign_in::end_others(&app, &client, &owner, asked.shown()).await? }))
}
