//! Which providers sign the caller in, as JSON. To link one takes a browser, which is led there and back.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::client::Client;
use crate::accounts::model::Scope;
use crate::accounts::password_changes;
use crate::accounts::providers::enter;
use crate::accounts::providers::offered::{offered_to, provider};
use crate::api::body::ApiJson;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_identities)).routes(routes!(unlink_identity))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct IdentityJson {
    /// The provider's name in addresses.
    name: String,
    title: String,
    is_linked: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct IdentitiesJson {
    items: Vec<IdentityJson>,
}

/// The providers of this site, and which of them sign the caller in.
#[utoipa::path(
    get,
    path = paths::API_IDENTITIES,
    tag = "Account",
    security(("token" = ["read"])),
    responses((status = 200, description = "All that the operator lists", body = IdentitiesJson)),
)]
async fn list_identities(State(app): State<App>, caller: ApiMember) -> Result<Json<IdentitiesJson>> {
    let member = caller.with(Scope::Read)?;
    let items = offered_to(&app, member.id).await?.into_iter();
    let items = items.map(|one| IdentityJson { name: one.name, title: one.title, is_linked: one.is_linked });
    Ok(Json(IdentitiesJson { items: items.collect() }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct UnlinkJson {
    /// The present password.
    password: String,
    /// Where there is a second factor.
    code: Option<String>,
}

/// Unlink a provider: it signs the caller in no more.
///
/// A token needs every scope that its owner can give.
#[utoipa::path(
    post,
    path = paths::API_IDENTITY_UNLINK,
    tag = "Account",
    security(("token" = ["read", "submit", "host"])),
    request_body = UnlinkJson,
    responses((status = 204, description = "It is not linked any more"), (status = 404, description = "No such provider, or not linked")),
)]
async fn unlink_identity(
    State(app): State<App>,
    client: Client,
    caller: ApiMember,
    Path(name): Path<String>,
    body: Result<ApiJson<UnlinkJson>>,
) -> Result<StatusCode> {
    let member = caller.with_all()?;
    let ApiJson(asked) = body?;
    let provider = provider(&app, &name)?;
    password_changes::ask_again(&app, &client, &member, asked.password, asked.code.as_deref()).await?;
    enter::unlink(&app, &member, provider).await?;
    Ok(StatusCode::NO_CONTENT)
}
