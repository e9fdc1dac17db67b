//! What a page said before, as JSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::PageJson;
use super::hosting::as_host;
use crate::api::body::ApiJson;
use crate::api::conditions::Condition;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::competitions::access;
use crate::competitions::history::{self, PageVersion};
use crate::competitions::store::texts::TextPage;
use crate::error::Result;
use crate::paths;
use crate::text_diff::Line;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_page_versions))
        .routes(routes!(show_page_version))
        .routes(routes!(compare_page_versions))
        .routes(routes!(restore_page))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PageVersionJson {
    number: i32,
    title: String,
    markdown: String,
    /// Empty where the platform proposed it, or the account is gone.
    edited_by: String,
    edited_at: DateTime<Utc>,
}

impl From<PageVersion> for PageVersionJson {
    fn from(version: PageVersion) -> Self {
        let PageVersion { number, title, markdown, edited_by, edited_at } = version;
        Self { number, title, markdown, edited_by, edited_at }
    }
}

/// Every text that a page had, newest first; for others than hosts since the launch.
#[utoipa::path(
    get,
    path = paths::API_PAGE_VERSIONS,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Versions, newest first", body = Slice<PageVersionJson>)),
)]
async fn list_page_versions(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<PageVersionJson>> {
    let seen = access::see(&app, &slug, caller.reader()?.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let before = i32::try_from(keyset.before()).unwrap_or(i32::MAX);
    let found = history::versions(&mut conn, &seen, &page, before, keyset.fetched()).await?;
    Ok(keyset.slice(found, |version| i64::from(version.number)).map(PageVersionJson::from))
}

/// One text that a page had.
#[utoipa::path(
    get,
    path = paths::API_PAGE_VERSION,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The version", body = PageVersionJson)),
)]
async fn show_page_version(
    State(app): State<App>,
    Path((slug, page, version)): Path<(String, String, i32)>,
    caller: MaybeApiMember,
) -> Result<Json<PageVersionJson>> {
    let seen = access::see(&app, &slug, caller.reader()?.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    Ok(Json(history::version(&mut conn, &seen, &page, version).await?.into()))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct PageDiffQuery {
    /// The older version; the one before `to` when left out.
    #[param(example = 1)]
    from: Option<i32>,
    /// The newer version; the newest when left out.
    #[param(example = 2)]
    to: Option<i32>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PageLineJson {
    /// `same`, `added` or `removed`.
    change: &'static str,
    text: String,
}

impl From<Line> for PageLineJson {
    fn from(Line { change, text }: Line) -> Self {
        Self { change: change.name(), text }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PageDiffJson {
    from: i32,
    to: i32,
    /// The first is the title.
    lines: Vec<PageLineJson>,
}

/// Two texts of a page, line by line.
#[utoipa::path(
    get,
    path = paths::API_PAGE_DIFF,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    params(PageDiffQuery),
    responses((status = 200, description = "The way from one to the other", body = PageDiffJson)),
)]
async fn compare_page_versions(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    ApiQuery(query): ApiQuery<PageDiffQuery>,
    caller: MaybeApiMember,
) -> Result<Json<PageDiffJson>> {
    let seen = access::see(&app, &slug, caller.reader()?.as_ref()).await?;
    let mut conn = app.db.acquire().await?;
    let comparison = history::compare(&mut conn, &seen, &page, (query.from, query.to)).await?;
    Ok(Json(PageDiffJson {
        from: comparison.from.number,
        to: comparison.to.number,
        lines: comparison.lines.into_iter().map(PageLineJson::from).collect(),
    }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RestoreJson {
    /// The version whose text comes back, as a new one.
    #[schema(example = 1)]
    version: i32,
}

/// Put an older text of a page in the place of what stands there.
#[utoipa::path(
    post,
    path = paths::API_PAGE_RESTORE,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the page as the caller read it: replace it only if it is still so")),
    request_body = RestoreJson,
    responses((status = 204, description = "The page stands as it stood then"), (status = 412, description = "Somebody changed it since")),
)]
async fn restore_page(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<RestoreJson>>,
) -> Result<StatusCode> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let version = body?.0.version;
    let stands = |page: Option<TextPage>| condition.hold(page.map(PageJson::from));
    history::restore(&app, &host, &seen, &page, version, stands).await?;
    Ok(StatusCode::NO_CONTENT)
}
