//! The texts of the site as JSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::model::{Kind, Version};
use super::{store, write};
use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_site_text))
        .routes(routes!(write_site_text))
        .routes(routes!(show_terms_acceptance, accept_terms))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SiteTextJson {
    /// 0 where it comes with the program.
    version: i32,
    /// Since when it holds; null where it comes with the program.
    written_at: Option<DateTime<Utc>>,
    markdown: String,
    /// Drawn, without anything that could run.
    html: String,
    /// The newest hundred that there were, newest first; of an imprint for administrators alone.
    versions: Vec<SiteTextVersionJson>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SiteTextVersionJson {
    version: i32,
    written_at: DateTime<Utc>,
    /// Whether it took the text away.
    is_withdrawal: bool,
}

impl From<Version> for SiteTextVersionJson {
    fn from(version: Version) -> Self {
        Self { version: version.number, written_at: version.written_at, is_withdrawal: version.is_withdrawal }
    }
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct VersionQuery {
    /// An older one; the newest when left out.
    version: Option<i32>,
}

fn kind_of(name: &str) -> Result<Kind> {
    Kind::named(name).ok_or(AppError::NotFound)
}

/// A text of the site: `privacy`, `imprint` or `terms`.
///
/// Older versions of an imprint, which names a person, are for administrators alone.
#[utoipa::path(
    get,
    path = paths::API_SITE_TEXT,
    tag = "Administration",
    security((), ("token" = ["read"])),
    params(VersionQuery),
    responses((status = 200, description = "The text", body = SiteTextJson)),
)]
async fn show_site_text(
    State(app): State<App>,
    Path(name): Path<String>,
    caller: MaybeApiMember,
    ApiQuery(asked): ApiQuery<VersionQuery>,
) -> Result<Json<SiteTextJson>> {
    let reader = caller.reader()?;
    let kind = kind_of(&name)?;
    let mut conn = app.db.acquire().await?;
    let (text, versions) = write::read(&mut conn, kind, asked.version, reader.as_ref()).await?;
    Ok(Json(SiteTextJson {
        version: text.number,
        written_at: text.written_at,
        markdown: text.markdown,
        html: text.html,
        versions: versions.into_iter().map(SiteTextVersionJson::from).collect(),
    }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSiteTextJson {
    /// At most 50,000 characters; empty withdraws the text.
    #[schema(example = "Run by *Ada Lovelace*, London.")]
    markdown: String,
}

/// Write a text of the site: `privacy`, `imprint` or `terms`. What stood there stays on record.
#[utoipa::path(
    put,
    path = paths::API_ADMIN_SITE_TEXT,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = NewSiteTextJson,
    responses((status = 204, description = "It holds from now on")),
)]
async fn write_site_text(
    State(app): State<App>,
    Path(name): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<NewSiteTextJson>>,
) -> Result<StatusCode> {
    let admin = caller.with(Scope::Admin)?;
    let kind = kind_of(&name)?;
    let ApiJson(wish) = body?;
    write::write(&app, &admin, kind, &wish.markdown).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TermsAcceptanceJson {
    /// The version of the terms that holds.
    version: i32,
    /// When the caller accepted it; null before.
    accepted_at: Option<DateTime<Utc>>,
}

/// Whether the caller accepted the terms of use that hold.
#[utoipa::path(
    get,
    path = paths::API_MY_TERMS,
    tag = "Account",
    security(("token" = ["read"])),
    responses((status = 200, description = "The version that holds", body = TermsAcceptanceJson), (status = 404, description = "The site has no terms")),
)]
async fn show_terms_acceptance(
    State(app): State<App>,
    caller: ApiMember,
) -> Result<Json<TermsAcceptanceJson>> {
    let member = caller.with(Scope::Read)?;
    let mut conn = app.db.acquire().await?;
    let version = store::in_force(&mut conn).await?.terms.ok_or(AppError::NotFound)?;
    let accepted_at = store::accepted_at(&mut conn, member.id, version).await?;
    Ok(Json(TermsAcceptanceJson { version, accepted_at }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AcceptTermsJson {
    /// The one that was read.
    #[schema(example = 1)]
    version: i32,
}

/// Accept the terms of use that hold; it is on record with its time.
#[utoipa::path(
    put,
    path = paths::API_MY_TERMS,
    tag = "Account",
    security(("token" = ["submit"])),
    request_body = AcceptTermsJson,
    responses((status = 204, description = "It is on record"), (status = 404, description = "The site has no terms")),
)]
async fn accept_terms(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<AcceptTermsJson>>,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let ApiJson(wish) = body?;
    write::accept(&app, &member, wish.version).await?;
    Ok(StatusCode::NO_CONTENT)
}
