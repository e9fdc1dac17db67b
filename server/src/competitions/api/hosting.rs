//! Hosting as JSON: drafts, their settings and pages.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;

use super::{CompetitionJson, PageJson};
use crate::accounts::model::{Member, Scope};
use crate::api::body::ApiJson;
use crate::api::conditions::Condition;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::board_shows::BoardShows;
use crate::competitions::create::{self, Address};
use crate::competitions::ladder::Ladder;
use crate::competitions::model::Competition;
use crate::competitions::settings::{Basics, Patch};
use crate::competitions::store::lists;
use crate::competitions::store::texts::TextPage;
use crate::competitions::{discard, edit, edit_pages};
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(super::show_page, put_page, remove_page))
        .routes(routes!(put_pages_order))
}

/// The caller as a host of the competition, and what a host sees of it.
///
/// # Errors
/// As [`ApiMember::with`] and [`access::see_as_host`].
pub async fn as_host(app: &App, slug: &str, caller: ApiMember) -> Result<(Member, Seen)> {
    let host = caller.with(Scope::Host)?;
    let seen = access::see_as_host(app, slug, Some(&host)).await?;
    Ok((host, seen))
}

pub(super) async fn shown(app: &App, slug: &str, host: &Member) -> Result<CompetitionJson> {
    let seen = access::see_as_host(app, slug, Some(host)).await?;
    CompetitionJson::of(app, seen).await
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct NewJson {
    #[schema(example = "House prices")]
    title: String,
    slug: Option<String>,
    #[serde(default)]
    subtitle: String,
}

/// Begin a draft.
#[utoipa::path(
    post,
    path = paths::API_COMPETITIONS,
    operation_id = "create_competition",
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = NewJson,
    responses((status = 201, description = "The draft", body = CompetitionJson)),
)]
pub(super) async fn create(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<NewJson>>,
) -> Result<(StatusCode, Json<CompetitionJson>)> {
    let host = caller.with(Scope::Host)?;
    let ApiJson(new) = body?;
    let slug = new.slug.unwrap_or_default();
    let basics = Basics::read(&new.title, &slug, &new.subtitle)?;
    let competition = create::create(&app, &host, basics, Address::of(&slug)).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, &competition.slug, &host).await?)))
}

/// Delete a draft that nobody entered, for ever.
#[utoipa::path(
    delete,
    path = paths::API_COMPETITION,
    tag = "Hosting",
    security(("token" = ["host"])),
    responses((status = 204, description = "It is gone")),
)]
pub(super) async fn discard_draft(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    discard::discard(&app, &host, &seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is left out stays as it is.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EditJson {
    title: Option<String>,
    slug: Option<String>,
    #[schema(example = "Predict what a house is sold for")]
    subtitle: Option<String>,
    starts_at: Option<DateTime<Utc>>,
    entry_deadline_at: Option<DateTime<Utc>>,
    merger_deadline_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    /// Begin now and last so many days, in place of the four times; before the launch, the audit is made again for a
    /// contest of that length.
    #[schema(example = 30)]
    days: Option<u32>,
    /// Whether the end moves out by the length of an outage over which it passes.
    moves_over_outage: Option<bool>,
    /// Whether hosts may have the files that participants send, before the launch; afterwards it is only taken back.
    hosts_may_have_files: Option<bool>,
    /// Why a time moves, where it does after the launch: everybody reads it.
    #[schema(max_length = 1000, example = "The data came late.")]
    reason: Option<String>,
    daily_limit: Option<i32>,
    /// Submissions of a team in the whole competition; 0 for as many as the days allow.
    total_limit: Option<i32>,
    final_limit: Option<i32>,
    team_limit: Option<i32>,
    max_upload_bytes: Option<i64>,
    score_decimals: Option<i32>,
    /// Whether the public board is a Ladder, before the launch; `auto` leaves it to Holdout.
    ladder: Option<Ladder>,
    /// What the board shows while the competition is open: to everybody all names and scores, scores beside pseudonyms, or to
    /// each team its own row alone. Since the launch it can show less, never more.
    board_shows: Option<BoardShows>,
    /// Whether the board shows no more than that after the end; such a competition counts for no medals.
    board_stays_veiled: Option<bool>,
    visibility: Option<String>,
    /// Which addresses are invited; replaces the list. People who came by the link stay.
    emails: Option<Vec<String>>,
}

impl From<EditJson> for Patch {
    fn from(wish: EditJson) -> Self {
        Self {
            title: wish.title,
            slug: wish.slug,
            subtitle: wish.subtitle,
            starts_at: wish.starts_at,
            entry_deadline_at: wish.entry_deadline_at,
            merger_deadline_at: wish.merger_deadline_at,
            ends_at: wish.ends_at,
            days: wish.days,
            moves_over_outage: wish.moves_over_outage,
            hosts_may_have_files: wish.hosts_may_have_files,
            reason: wish.reason,
            daily_limit: wish.daily_limit,
            total_limit: wish.total_limit,
            final_limit: wish.final_limit,
            team_limit: wish.team_limit,
            max_upload_bytes: wish.max_upload_bytes,
            score_decimals: wish.score_decimals,
            ladder: wish.ladder,
            board_shows: wish.board_shows,
            board_stays_veiled: wish.board_stays_veiled,
            visibility: wish.visibility,
            emails: wish.emails,
        }
    }
}

/// Change a competition: basics, times, limits, who sees it.
///
/// What is left out stays as it is; either all of it changes, or nothing.
#[utoipa::path(
    patch,
    path = paths::API_COMPETITION,
    operation_id = "edit_competition",
    tag = "Hosting",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the competition as the caller read it: change it only if it is still so")),
    request_body = EditJson,
    responses((status = 200, description = "The competition as it is now", body = CompetitionJson), (status = 412, description = "Somebody changed it since")),
)]
pub(super) async fn edit(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<EditJson>>,
) -> Result<Json<CompetitionJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let ApiJson(wish) = body?;
    let now = app.clock.now();
    let hosts = lists::hosts(&mut *app.db.acquire().await?, seen.competition.id).await?;
    let stands = |competition: &Competition| {
        let seen = Seen { competition: competition.clone(), standing: seen.standing };
        condition.hold(Some(CompetitionJson::new(seen, hosts, now)))
    };
    let slug = edit::patch(&app, &host, &seen, &wish.into(), stands).await?;
    Ok(Json(shown(&app, &slug, &host).await?))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct PageBody {
    #[schema(example = "Prizes")]
    title: String,
    #[schema(example = "Fame, and *a cup*.")]
    markdown: String,
}

/// Write a page, in Markdown.
#[utoipa::path(
    put,
    path = paths::API_PAGE,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the page as the caller read it; `*` for one that must be there"), ("If-None-Match" = Option<String>, Header, description = "`*` for a page that must not be there yet")),
    request_body = PageBody,
    responses((status = 204, description = "The page stands as sent"), (status = 412, description = "Somebody changed it since")),
)]
async fn put_page(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    caller: ApiMember,
    condition: Condition,
    body: Result<ApiJson<PageBody>>,
) -> Result<StatusCode> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let ApiJson(body) = body?;
    let stands = |page: Option<TextPage>| condition.hold(page.map(PageJson::from));
    edit_pages::write_page(&app, &host, &seen, &page, &body.title, &body.markdown, stands).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a page.
#[utoipa::path(
    delete,
    path = paths::API_PAGE,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the page as the caller read it: remove it only if it is still so")),
    responses((status = 204, description = "The page is gone"), (status = 412, description = "Somebody changed it since")),
)]
async fn remove_page(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    caller: ApiMember,
    condition: Condition,
) -> Result<StatusCode> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let stands = |page: Option<TextPage>| condition.hold(page.map(PageJson::from));
    edit_pages::remove_page(&app, &host, &seen, &page, stands).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = PagesOrder)]
struct OrderBody {
    /// Names of pages as they stand in addresses; those left out follow in their order.
    #[schema(example = json!(["overview", "rules"]))]
    slugs: Vec<String>,
}

/// Put the pages into an order.
#[utoipa::path(
    put,
    path = paths::API_PAGES_ORDER,
    operation_id = "order_pages",
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = OrderBody,
    responses((status = 204, description = "The menu has this order")),
)]
async fn put_pages_order(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
    body: Result<ApiJson<OrderBody>>,
) -> Result<StatusCode> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    edit_pages::order_pages(&app, &host, &seen, &body?.0.slugs).await?;
    Ok(StatusCode::NO_CONTENT)
}
