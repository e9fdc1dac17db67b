//! Accounts as JSON: who am I, tokens, and a token for a password.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::client::Client;
use crate::accounts::model::{Member, Scope};
use crate::accounts::tokens::{self, Made, Wish};
use crate::accounts::two_factors::{prove, requirement};
use crate::accounts::{addresses, sign_in, store};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::ids::TokenId;
use crate::paths;

const LOGIN_DAYS: i64 = 90;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_me))
        .routes(routes!(list_tokens, create_token))
        .routes(routes!(revoke_token))
}

#[derive(Serialize, utoipa::ToSchema)]
struct MeJson {
    username: String,
    display_name: String,
    is_admin: bool,
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<&'static str>,
    /// Told to whoever may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Whether the address is known to be the caller's.
    email_confirmed: bool,
    /// The address that is the caller's once its link is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_email: Option<String>,
}

/// Who the token belongs to, and what it may do.
#[utoipa::path(
    get,
    path = paths::API_ME,
    tag = "Account",
    security(("token" = [])),
    responses((status = 200, description = "The caller", body = MeJson)),
)]
async fn show_me(State(app): State<App>, caller: ApiMember) -> Result<Json<MeJson>> {
    let scopes = names(&caller.scopes);
    let Member { id, username, display_name, is_admin, has_confirmed_email } = caller.member;
    let standing = if caller.scopes.contains(&Scope::Read) {
        let mut conn = app.db.acquire().await?;
        Some(addresses::store::standing(&mut conn, id, app.clock.now()).await?)
    } else {
        None
    };
    let (email, pending_email) = standing.map(|found| (found.email, found.pending)).unzip();
    Ok(Json(MeJson {
        username,
        display_name,
        is_admin,
        scopes,
        email,
        email_confirmed: has_confirmed_email,
        pending_email: pending_email.flatten(),
    }))
}

#[derive(Serialize, utoipa::ToSchema)]
struct TokenJson {
    id: TokenId,
    name: String,
    hint: String,
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct TokensJson {
    items: Vec<TokenJson>,
}

/// The caller's tokens.
#[utoipa::path(
    get,
    path = paths::API_TOKENS,
    tag = "Account",
    security(("token" = ["read"])),
    responses((status = 200, description = "The tokens, newest first; never their text", body = TokensJson)),
)]
async fn list_tokens(State(app): State<App>, caller: ApiMember) -> Result<Json<TokensJson>> {
    let owner = caller.with(Scope::Read)?;
    let mut conn = app.db.acquire().await?;
    let rows = store::tokens::list(&mut conn, owner.id).await?;
    let items = rows.into_iter().map(|row| TokenJson {
        id: row.id,
        name: row.name,
        hint: row.hint,
        scopes: row.scopes,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    });
    Ok(Json(TokensJson { items: items.collect() }))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct NewTokenJson {
    #[schema(example = "notebook")]
    name: String,
    #[schema(value_type = Vec<Scope>, example = json!(["read", "submit"]))]
    scopes: Vec<String>,
    /// Days until it ends; absent: never.
    days: Option<i64>,
    /// Asked of a browser's session where there is a second factor, for a token that may do more than read.
    code: Option<String>,
}

/// The only answer that holds a token's text.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct MadeTokenJson {
    id: TokenId,
    token: String,
    name: String,
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<&'static str>,
    expires_at: Option<DateTime<Utc>>,
}

/// Make a token.
///
/// A token cannot make one that may do more or lasts longer than itself.
#[utoipa::path(
    post,
    path = paths::API_TOKENS,
    tag = "Account",
    security(("token" = [])),
    request_body = NewTokenJson,
    responses((status = 201, description = "The token, shown this once", body = MadeTokenJson)),
)]
async fn create_token(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<NewTokenJson>>,
) -> Result<(StatusCode, Json<MadeTokenJson>)> {
    let ApiJson(asked) = body?;
    let owner = &caller.member;
    let mut wish = Wish::check(&asked.name, &asked.scopes, asked.days, owner, app.clock.now())?;
    wish.end_by(caller.expires_at);
    for scope in &wish.scopes {
        caller.require(*scope)?;
    }
    let made = if caller.is_session {
        tokens::create_with_code(&app, owner.id, &wish, asked.code.as_deref()).await?
    } else {
        tokens::create(&app, owner.id, &wish).await?
    };
    Ok(shown(made, wish))
}

/// Revoke a token.
///
/// A token can end those that may do no more than itself, itself included.
#[utoipa::path(
    delete,
    path = paths::API_TOKEN,
    tag = "Account",
    security(("token" = [])),
    responses((status = 204, description = "The token is no longer valid")),
)]
async fn revoke_token(
    State(app): State<App>,
    caller: ApiMember,
    Path(id): Path<TokenId>,
) -> Result<StatusCode> {
    for scope in tokens::scopes(&app, caller.member.id, id).await? {
        caller.require(scope)?;
    }
    tokens::revoke(&app, caller.member.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::ToSchema)]
pub(super) struct SessionJson {
    /// User name or e-mail address.
    #[schema(example = "ada")]
    username: String,
    password: String,
    #[serde(default = "login_name")]
    name: String,
    #[serde(default = "login_scopes")]
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<String>,
    #[serde(default = "login_days")]
    days: Option<i64>,
    /// Of the authenticator app, or a recovery code; the field that is named when one is missing.
    code: Option<String>,
}

fn login_name() -> String {
    "command line".to_owned()
}

fn login_scopes() -> Vec<String> {
    names(&[Scope::Read, Scope::Submit, Scope::Host]).into_iter().map(str::to_owned).collect()
}

fn login_days() -> Option<i64> {
    Some(LOGIN_DAYS)
}

/// Get a token for a password: what `holdout login` asks for.
#[utoipa::path(
    post,
    path = paths::API_SESSIONS,
    tag = "Account",
    request_body = SessionJson,
    responses((status = 201, description = "The token, shown this once", body = MadeTokenJson)),
)]
pub(super) async fn create_session(
    State(app): State<App>,
    client: Client,
    body: Result<ApiJson<SessionJson>>,
) -> Result<(StatusCode, Json<MadeTokenJson>)> {
    let ApiJson(asked) = body?;
    let account = sign_in::verify(&app, &client, &asked.username, asked.password).await?;
    let wish = Wish::check(&asked.name, &asked.scopes, asked.days, &account.member, app.clock.now())?;
    requirement::refuse_lacking(&app, &account.member).await?;
    prove::step_up(&app, account.member.id, asked.code.as_deref()).await?;
    let made = tokens::create(&app, account.member.id, &wish).await?;
    Ok(shown(made, wish))
}

fn shown(made: Made, wish: Wish) -> (StatusCode, Json<MadeTokenJson>) {
    let answer = MadeTokenJson {
        id: made.id,
        token: made.text,
        scopes: names(&wish.scopes),
        name: wish.name,
        expires_at: wish.expires_at,
    };
    (StatusCode::CREATED, Json(answer))
}

fn names(scopes: &[Scope]) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.name()).collect()
}
