//! Sessions and the password as JSON: what a person does who lost a machine. A token that does this acts
//! for the whole account, so it must have every scope that its owner can give.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{AppendHeaders, IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::accounts::client::Client;
use crate::accounts::model::Scope;
use crate::accounts::password_changes::{self, Change};
use crate::accounts::sign_in::{self, Shown};
use crate::accounts::store::sessions::Listed;
use crate::accounts::{sessions, store};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(super::api::create_session, list_sessions))
        .routes(routes!(end_session))
        .routes(routes!(change_password))
}

/// Where somebody is signed in with a browser.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = BrowserSession)]
struct ListedJson {
    id: Uuid,
    /// What the browser calls itself.
    user_agent: String,
    ip: String,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    /// Whether this request came with it.
    is_this: bool,
}

impl From<Listed> for ListedJson {
    fn from(session: Listed) -> Self {
        Self {
            id: session.public_id,
            user_agent: session.user_agent,
            ip: session.ip,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            is_this: session.is_this,
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SessionsJson {
    items: Vec<ListedJson>,
}

/// Where the caller is signed in with a browser. Tokens are listed apart.
#[utoipa::path(
    get,
    path = paths::API_SESSIONS,
    tag = "Account",
    security(("token" = ["read"])),
    responses((status = 200, description = "The sessions, the last used first, at most 100", body = SessionsJson)),
)]
async fn list_sessions(
    State(app): State<App>,
    client: Client,
    caller: ApiMember,
) -> Result<Json<SessionsJson>> {
    let owner = caller.with(Scope::Read)?;
    let mut conn = app.db.acquire().await?;
    let listed = store::sessions::list(&mut conn, owner.id, client.session, app.clock.now()).await?;
    Ok(Json(SessionsJson { items: listed.into_iter().map(ListedJson::from).collect() }))
}

/// What signing in takes, asked again.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EndOfSessions)]
pub struct ShownJson {
    /// The present password.
    password: String,
    /// Of the authenticator app, or a recovery code; where there is a second factor.
    code: Option<String>,
}

impl ShownJson {
    pub fn shown(&self) -> Shown<'_> {
        Shown { password: self.password.clone(), code: self.code.as_deref() }
    }
}

/// End a session: sign a browser out.
///
/// A token needs every scope that its owner can give.
#[utoipa::path(
    post,
    path = paths::API_SESSION_END,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    request_body = ShownJson,
    responses((status = 204, description = "That browser is signed out")),
)]
async fn end_session(
    State(app): State<App>,
    client: Client,
    caller: ApiMember,
    Path(id): Path<Uuid>,
    body: Result<ApiJson<ShownJson>>,
) -> Result<StatusCode> {
    let owner = caller.with_all()?;
    let ApiJson(asked) = body?;
    sign_in::end_one(&app, &client, &owner, id, asked.shown()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordChange)]
struct PasswordJson {
    /// The present password.
    current: String,
    /// The new one: at least 10 characters.
    password: String,
    /// Of the authenticator app, or a recovery code; where there is a second factor.
    code: Option<String>,
}

/// Change the caller's password. All other sessions end; tokens stay.
///
/// A token needs every scope that its owner can give.
#[utoipa::path(
    put,
    path = paths::API_PASSWORD,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    request_body = PasswordJson,
    responses((status = 204, description = "The new password holds")),
)]
async fn change_password(
    State(app): State<App>,
    client: Client,
    caller: ApiMember,
    body: Result<ApiJson<PasswordJson>>,
) -> Result<Response> {
    let member = caller.with_all()?;
    let ApiJson(asked) = body?;
    let typed = Change { current: &asked.current, wanted: &asked.password, code: asked.code.as_deref() };
    let changed = password_changes::change(&app, &client, &member, typed).await?;
    let cookie = changed.map(|secret| sessions::set_cookie(&secret));
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookie)).into_response())
}
