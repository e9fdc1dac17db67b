//! E-mail addresses as JSON: the letter that confirms one, the code in it, another address. A token that changes one acts
//! for the whole account, so it must have every scope that its owner can give.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::addresses::change::{self, Wish};
use crate::accounts::addresses::confirm;
use crate::accounts::client::Client;
use crate::accounts::sessions;
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask_for_address, withdraw_address))
        .routes(routes!(send_address_letter))
        .routes(routes!(confirm_address))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AddressWishJson {
    /// The new address.
    #[schema(example = "ada@example.org")]
    email: String,
    /// The present password.
    password: String,
    /// Of the authenticator app, or a recovery code; where there is a second factor.
    code: Option<String>,
}

/// Ask for another e-mail address. It counts once the link that is mailed there was used; till then the old one stays.
///
/// The answer is the same whether or not somebody has that address. A token needs every scope that its owner can give.
#[utoipa::path(
    post,
    path = paths::API_EMAIL,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    request_body = AddressWishJson,
    responses((status = 202, description = "A letter is on its way to the new address")),
)]
async fn ask_for_address(
    State(app): State<App>,
    client: Client,
    caller: ApiMember,
    body: Result<ApiJson<AddressWishJson>>,
) -> Result<StatusCode> {
    let member = caller.with_all()?;
    let ApiJson(asked) = body?;
    let wish = Wish { email: &asked.email, password: &asked.password, code: asked.code.as_deref() };
    change::ask(&app, &client, &member, wish).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Withdraw the address that was asked for.
///
/// A token needs every scope that its owner can give.
#[utoipa::path(
    delete,
    path = paths::API_EMAIL,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    responses((status = 204, description = "The address stays as it is"), (status = 404, description = "None was asked for")),
)]
async fn withdraw_address(State(app): State<App>, client: Client, caller: ApiMember) -> Result<StatusCode> {
    change::withdraw(&app, &client, &caller.with_all()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have the letter sent again that confirms the caller's address, or the one that was asked for.
///
/// The link of the letter before works no more. A token needs every scope that its owner can give.
#[utoipa::path(
    post,
    path = paths::API_EMAIL_LETTERS,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    responses((status = 202, description = "A letter is on its way")),
)]
async fn send_address_letter(
    State(app): State<App>,
    client: Client,
    caller: ApiMember,
) -> Result<StatusCode> {
    confirm::send_again(&app, &client, &caller.with_all()?).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AddressSecretJson {
    /// The last part of the link in the letter.
    secret: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ConfirmedAddressJson {
    email: String,
}

/// Confirm an address, by the secret that was mailed there.
///
/// Where it is another address than the account had, all sessions of the account end but the caller's.
#[utoipa::path(
    post,
    path = paths::API_EMAIL_CONFIRMATIONS,
    tag = "Account",
    request_body = AddressSecretJson,
    responses((status = 200, description = "The address is confirmed", body = ConfirmedAddressJson)),
)]
async fn confirm_address(
    State(app): State<App>,
    client: Client,
    body: Result<ApiJson<AddressSecretJson>>,
) -> Result<Response> {
    let ApiJson(asked) = body?;
    let confirmed = confirm::confirm(&app, &client, &asked.secret).await?;
    let cookie = confirmed.session.map(|secret| sessions::set_cookie(&secret));
    Ok((AppendHeaders(cookie), Json(ConfirmedAddressJson { email: confirmed.email })).into_response())
}
