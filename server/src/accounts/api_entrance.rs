//! The entrance as JSON: a new account, a forgotten password, the first administrator.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::client::Client;
use crate::accounts::register::{self, Registration};
use crate::accounts::{become_admin, password_changes};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register_user))
        .routes(routes!(request_password_reset))
        .routes(routes!(set_forgotten_password))
        .routes(routes!(become_administrator))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUserJson {
    #[schema(example = "ada")]
    username: String,
    #[schema(example = "ada@example.org")]
    email: String,
    /// At least 10 characters.
    #[schema(example = "correct horse battery")]
    password: String,
    /// The last part of the link that the first start prints: the account becomes the administrator's,
    /// also where registration is closed.
    administrator_secret: Option<String>,
    /// The version of the terms of use that was read and is accepted; needed where the site has some and no administrator's
    /// secret is given.
    #[schema(example = 1)]
    accepts_terms: Option<i32>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct RegisteredJson {
    username: String,
    /// Whether the address, if it may register, has to be confirmed by the link that is mailed to it before anybody signs
    /// in.
    awaits_confirmation: bool,
}

/// Register, where the installation lets people.
///
/// Ask for a token next, with the password, as a session.
#[utoipa::path(
    post,
    path = paths::API_USERS,
    tag = "Account",
    request_body = NewUserJson,
    responses((status = 201, description = "The account", body = RegisteredJson), (status = 404, description = "No such secret")),
)]
async fn register_user(
    State(app): State<App>,
    client: Client,
    body: Result<ApiJson<NewUserJson>>,
) -> Result<(StatusCode, Json<RegisteredJson>)> {
    let ApiJson(asked) = body?;
    let site = app.site.get();
    let registration = Registration::check(&site.name, &asked.username, &asked.email, &asked.password)?;
    let terms = site.texts.terms.filter(|_| asked.administrator_secret.is_none());
    let registration = registration.under(terms, asked.accepts_terms)?;
    let made = match &asked.administrator_secret {
        Some(secret) => Some(become_admin::admit(&app, secret, &registration).await?),
        None => register::admit(&app, &client, &registration).await?,
    };
    let awaits_confirmation = made.is_none();
    if let Some((tx, _)) = made {
        tx.commit().await?;
    }
    Ok((StatusCode::CREATED, Json(RegisteredJson { username: registration.username, awaits_confirmation })))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ForgottenJson {
    /// User name or e-mail address.
    #[schema(example = "ada")]
    username: String,
}

/// Have a link sent by which a forgotten password is set anew.
///
/// The answer is the same whether or not there is such an account.
#[utoipa::path(
    post,
    path = paths::API_PASSWORD_RESETS,
    tag = "Account",
    request_body = ForgottenJson,
    responses((status = 202, description = "If there is such an account, a mail is on its way")),
)]
async fn request_password_reset(
    State(app): State<App>,
    client: Client,
    body: Result<ApiJson<ForgottenJson>>,
) -> Result<StatusCode> {
    let ApiJson(asked) = body?;
    password_changes::request_reset(&app, &client, &asked.username).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPasswordJson {
    /// The last part of the link in the mail.
    secret: String,
    /// The new password: at least 10 characters.
    password: String,
}

/// Set a forgotten password anew, by the secret that was mailed. All sessions of the account end.
#[utoipa::path(
    post,
    path = paths::API_PASSWORDS,
    tag = "Account",
    request_body = NewPasswordJson,
    responses((status = 204, description = "The password is set")),
)]
async fn set_forgotten_password(
    State(app): State<App>,
    client: Client,
    body: Result<ApiJson<NewPasswordJson>>,
) -> Result<StatusCode> {
    let ApiJson(asked) = body?;
    password_changes::reset(&app, &client, &asked.secret, &asked.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AdministratorJson {
    /// The last part of the link that the first start prints.
    secret: String,
}

/// Become the first administrator, by the secret that the first start prints.
///
/// A token needs every scope that its owner can give.
#[utoipa::path(
    post,
    path = paths::API_ADMINISTRATORS,
    tag = "Administration",
    security(("token" = ["read", "submit", "host"])),
    request_body = AdministratorJson,
    responses((status = 204, description = "The caller is an administrator"), (status = 404, description = "No such secret")),
)]
async fn become_administrator(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<AdministratorJson>>,
) -> Result<StatusCode> {
    let member = caller.with_all()?;
    let ApiJson(asked) = body?;
    become_admin::promote(&app, &member, &asked.secret).await?;
    Ok(StatusCode::NO_CONTENT)
}
