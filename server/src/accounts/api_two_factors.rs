//! The second factor as JSON. A token that does this acts for the whole account, so it must have every scope that
//! its owner can give.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::client::Client;
use crate::accounts::model::Scope;
use crate::accounts::two_factors::set_up::{self, Standing};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::paths;

const NEVER_KEPT: [(HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_two_factors, begin_two_factors))
        .routes(routes!(confirm_two_factors))
        .routes(routes!(renew_recovery_codes))
        .routes(routes!(end_two_factors))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TwoFactorsJson {
    /// Since when signing in takes a code; absent: it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_since: Option<DateTime<Utc>>,
    n_recovery_codes_left: i64,
}

/// Whether the caller signs in with a code of an authenticator app.
#[utoipa::path(
    get,
    path = paths::API_TWO_FACTORS,
    tag = "Account",
    security(("token" = ["read"])),
    responses((status = 200, description = "How it stands; never the secret", body = TwoFactorsJson)),
)]
async fn show_two_factors(State(app): State<App>, caller: ApiMember) -> Result<Json<TwoFactorsJson>> {
    let member = caller.with(Scope::Read)?;
    let (on_since, n_recovery_codes_left) = match set_up::standing(&app, &member).await? {
        Standing::On { since, n_codes_left } => (Some(since), n_codes_left),
        Standing::Impossible | Standing::Off | Standing::Begun(_) => (None, 0),
    };
    Ok(Json(TwoFactorsJson { on_since, n_recovery_codes_left }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TwoFactorsWishJson {
    /// The present password.
    password: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TwoFactorsOfferJson {
    /// The shared secret in base 32.
    secret: String,
    /// The same as authenticator apps read it (`otpauth://`).
    address: String,
}

/// Begin to set up a second factor; the first code turns it on.
///
/// A token needs every scope that its owner can give.
#[utoipa::path(
    post,
    path = paths::API_TWO_FACTORS,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    request_body = TwoFactorsWishJson,
    responses((status = 201, description = "A secret for the caller's app", body = TwoFactorsOfferJson)),
)]
async fn begin_two_factors(
    State(app): State<App>,
    client: Client,
    caller: ApiMember,
    body: Result<ApiJson<TwoFactorsWishJson>>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1], Json<TwoFactorsOfferJson>)> {
    let member = caller.with_all()?;
    let ApiJson(asked) = body?;
    let offer = set_up::begin(&app, &client, &member, asked.password).await?;
    let answer = TwoFactorsOfferJson { secret: offer.secret, address: offer.address };
    Ok((StatusCode::CREATED, NEVER_KEPT, Json(answer)))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeJson {
    /// Of the authenticator app, or a recovery code where one will do.
    #[schema(example = "123456")]
    code: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct RecoveryCodesJson {
    /// Each signs in once.
    recovery_codes: Vec<String>,
}

/// Turn the second factor on with the first code of the app. Browsers that are signed in elsewhere are signed out.
///
/// A token needs every scope that its owner can give.
#[utoipa::path(
    post,
    path = paths::API_TWO_FACTORS_CONFIRM,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    request_body = CodeJson,
    responses((status = 200, description = "Recovery codes, shown this once", body = RecoveryCodesJson)),
)]
async fn confirm_two_factors(
    State(app): State<App>,
    client: Client,
    caller: ApiMember,
    body: Result<ApiJson<CodeJson>>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<RecoveryCodesJson>)> {
    let member = caller.with_all()?;
    let ApiJson(asked) = body?;
    let recovery_codes = set_up::confirm(&app, &client, &member, &asked.code).await?;
    Ok((NEVER_KEPT, Json(RecoveryCodesJson { recovery_codes })))
}

/// Make new recovery codes; the old ones are worth nothing.
///
/// A token needs every scope that its owner can give.
#[utoipa::path(
    post,
    path = paths::API_TWO_FACTORS_CODES,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    request_body = CodeJson,
    responses((status = 200, description = "Recovery codes, shown this once", body = RecoveryCodesJson)),
)]
async fn renew_recovery_codes(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<CodeJson>>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<RecoveryCodesJson>)> {
    let member = caller.with_all()?;
    let ApiJson(asked) = body?;
    let recovery_codes = set_up::renew_codes(&app, &member, &asked.code).await?;
    Ok((NEVER_KEPT, Json(RecoveryCodesJson { recovery_codes })))
}

/// Turn the second factor off, with a code.
///
/// A token needs every scope that its owner can give.
#[utoipa::path(
    post,
    path = paths::API_TWO_FACTORS_END,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    request_body = CodeJson,
    responses((status = 204, description = "Signing in takes the password alone")),
)]
async fn end_two_factors(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<CodeJson>>,
) -> Result<StatusCode> {
    let member = caller.with_all()?;
    let ApiJson(asked) = body?;
    set_up::end(&app, &member, &asked.code).await?;
    Ok(StatusCode::NO_CONTENT)
}
