//! Accounts as JSON: who am I, tokens, and a token for a password.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::accounts::client::Client;
use crate::accounts::model::{Member, Scope};
use crate::accounts::tokens::{self, Wish};
use crate::accounts::{sign_in, store};
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::TokenId;
use crate::paths;

const LOGIN_DAYS: i64 = 90;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::API_ME, get(show_me))
        .route(paths::API_TOKENS, get(list_tokens).post(create_token))
        .route(paths::API_TOKEN, delete(revoke_token))
        .route(paths::API_SESSIONS, post(create_session))
}

#[derive(Serialize)]
struct MeJson {
    username: String,
    display_name: String,
    is_admin: bool,
    scopes: Vec<&'static str>,
}

async fn show_me(caller: ApiMember) -> Json<MeJson> {
    let scopes = names(&caller.scopes);
    let Member { username, display_name, is_admin, .. } = caller.member;
    Json(MeJson { username, display_name, is_admin, scopes })
}

#[derive(Serialize)]
struct TokenJson {
    id: TokenId,
    name: String,
    hint: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct TokensJson {
    items: Vec<TokenJson>,
}

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

#[derive(Deserialize)]
struct NewTokenJson {
    name: String,
    scopes: Vec<String>,
    /// Days until it ends; absent: never.
    days: Option<i64>,
}

/// The only answer that holds a token's text.
#[derive(Serialize)]
struct MadeTokenJson {
    id: TokenId,
    token: String,
    name: String,
    scopes: Vec<&'static str>,
    expires_at: Option<DateTime<Utc>>,
}

/// A token cannot make one that may do more or lasts longer than itself.
async fn create_token(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<Json<NewTokenJson>, JsonRejection>,
) -> Result<(StatusCode, Json<MadeTokenJson>)> {
    let Json(asked) = body.map_err(unreadable)?;
    let owner = &caller.member;
    let mut wish = Wish::check(&asked.name, &asked.scopes, asked.days, owner, app.clock.now())?;
    wish.end_by(caller.expires_at);
    for scope in &wish.scopes {
        caller.require(*scope)?;
    }
    make(&app, owner.id, wish).await
}

/// A token can end those that may do no more than itself, itself included.
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

#[derive(Deserialize)]
struct SessionJson {
    /// User name or e-mail address.
    username: String,
    password: String,
    #[serde(default = "login_name")]
    name: String,
    #[serde(default = "login_scopes")]
    scopes: Vec<String>,
    #[serde(default = "login_days")]
    days: Option<i64>,
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

/// A token for a password: what `holdout login` asks for.
async fn create_session(
    State(app): State<App>,
    client: Client,
    body: Result<Json<SessionJson>, JsonRejection>,
) -> Result<(StatusCode, Json<MadeTokenJson>)> {
    let Json(asked) = body.map_err(unreadable)?;
    let account = sign_in::verify(&app, &client, &asked.username, asked.password).await?;
    let wish = Wish::check(&asked.name, &asked.scopes, asked.days, &account.member, app.clock.now())?;
    make(&app, account.member.id, wish).await
}

async fn make(app: &App, owner: crate::ids::UserId, wish: Wish) -> Result<(StatusCode, Json<MadeTokenJson>)> {
    let made = tokens::create(app, owner, &wish).await?;
    let answer = MadeTokenJson {
        id: made.id,
        token: made.text,
        scopes: names(&wish.scopes),
        name: wish.name,
        expires_at: wish.expires_at,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

fn names(scopes: &[Scope]) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.name()).collect()
}

fn unreadable(rejection: JsonRejection) -> AppError {
    AppError::field("body", rejection.body_text())
}
