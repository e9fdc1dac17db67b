//! Competitions as JSON. The same reads and verbs as the pages.

mod audit;
mod changes;
mod cohosts;
mod history;
mod hosting;
mod invitations;
mod launching;
mod metric;
mod supplying;
mod taking_part;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use holdout_contract::spec::MetricSpec;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::model::Member;
use crate::api::paging::NextPart;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::board_shows::BoardShows;
use crate::competitions::download::{self, Download};
use crate::competitions::ladder::Ladder;
use crate::competitions::store::data::DataFile;
use crate::competitions::store::lists::{self, Card, Cursor, Host};
use crate::competitions::store::texts::TextPage;
use crate::competitions::store::{data, judging};
use crate::competitions::{propose, supply};
use crate::error::{AppError, Result};
use crate::paths;

pub use hosting::as_host;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_scorer_key))
        .routes(routes!(list_metrics))
        .routes(routes!(show_metric))
        .routes(routes!(list_competitions, hosting::create))
        .routes(routes!(show_competition, hosting::edit, hosting::discard_draft))
        .routes(routes!(list_pages))
        .routes(routes!(list_data))
        .routes(routes!(send_zip))
        .merge(invitations::router())
        .merge(hosting::router())
        .merge(cohosts::router())
        .merge(changes::router())
        .merge(history::router())
        .merge(supplying::router())
        .merge(audit::router())
        .merge(launching::router())
        .merge(taking_part::router())
}

const COMPETITIONS_A_PAGE: i64 = 50;

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ScorerKeyJson {
    /// An `age` recipient: solutions and labelled tables are sealed to it.
    recipient: String,
}

/// The key that solutions are sealed to before they are sent.
#[utoipa::path(
    get,
    path = paths::API_SCORER_KEY,
    tag = "Metrics",
    responses((status = 200, description = "The key", body = ScorerKeyJson), (status = 403, description = "No scorer yet")),
)]
async fn show_scorer_key(State(app): State<App>) -> Result<Json<ScorerKeyJson>> {
    let mut conn = app.db.acquire().await?;
    let recipient = judging::recipient(&mut conn).await?.ok_or_else(supply::no_scorer)?;
    Ok(Json(ScorerKeyJson { recipient }))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ItemsJson<T> {
    items: Vec<T>,
}

/// Every metric that this installation computes.
#[utoipa::path(
    get,
    path = paths::API_METRICS,
    tag = "Metrics",
    responses((status = 200, description = "The catalogue", body = ItemsJson<MetricSpec>)),
)]
async fn list_metrics(State(app): State<App>) -> Result<Json<ItemsJson<MetricSpec>>> {
    let mut conn = app.db.acquire().await?;
    Ok(Json(ItemsJson { items: judging::metrics(&mut conn).await? }))
}

/// One metric: what it measures, its formula, its parameters.
#[utoipa::path(
    get,
    path = paths::API_METRIC,
    tag = "Metrics",
    responses((status = 200, description = "The metric", body = MetricSpec)),
)]
async fn show_metric(State(app): State<App>, Path(name): Path<String>) -> Result<Json<MetricSpec>> {
    let mut conn = app.db.acquire().await?;
    judging::metric(&mut conn, &name).await?.map(Json).ok_or(AppError::NotFound)
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct CardJson {
    slug: String,
    title: String,
    subtitle: String,
    state: &'static str,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    n_teams: i32,
    metric: Option<String>,
    is_demo: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct CompetitionsJson {
    items: Vec<CardJson>,
    /// `before` of the next part, or `after` where that is asked for; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    before: Option<String>,
}

/// Competitions that everybody may see.
#[utoipa::path(
    get,
    path = paths::API_COMPETITIONS,
    tag = "Competitions",
    params(ListQuery),
    responses((status = 200, description = "Public competitions, the last to end first", body = CompetitionsJson)),
)]
async fn list_competitions(
    State(app): State<App>,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<(NextPart, Json<CompetitionsJson>)> {
    let before = place("before", query.before.as_deref(), Cursor::END)?;
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let cards = lists::ending_before(&mut conn, before, COMPETITIONS_A_PAGE).await?;
    let is_full = i64::try_from(cards.len()).is_ok_and(|length| length == COMPETITIONS_A_PAGE);
    let last = cards.last().and_then(Card::cursor);
    let next = last.filter(|_| is_full).map(|cursor| cursor.to_string());
    let items = cards.into_iter().map(|card| card_json(card, now)).collect();
    Ok((NextPart::new("before", next.as_ref()), Json(CompetitionsJson { items, next })))
}

/// Where a list goes on, as its parameter says; without one, at its beginning.
fn place(parameter: &'static str, text: Option<&str>, beginning: Cursor) -> Result<Cursor> {
    let wrong = || AppError::field(parameter, format!("Use `next` of the part before as `{parameter}`."));
    text.map_or(Ok(beginning), |text| Cursor::parse(text).ok_or_else(wrong))
}

fn card_json(card: Card, now: DateTime<Utc>) -> CardJson {
    CardJson {
        state: card.phase(&now).name(),
        slug: card.slug,
        title: card.title,
        subtitle: card.subtitle,
        starts_at: card.starts_at,
        ends_at: card.ends_at,
        n_teams: card.n_teams,
        metric: card.metric,
        is_demo: card.is_demo,
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct CompetitionJson {
    slug: String,
    title: String,
    subtitle: String,
    state: &'static str,
    visibility: String,
    launched_at: Option<DateTime<Utc>>,
    starts_at: Option<DateTime<Utc>>,
    entry_deadline_at: Option<DateTime<Utc>>,
    merger_deadline_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    /// Whether the end moves out by the length of an outage over which it passes.
    moves_over_outage: bool,
    daily_limit: i32,
    /// Submissions of a team in the whole competition; null for as many as the days allow.
    total_limit: Option<i32>,
    final_limit: i32,
    team_limit: i32,
    max_upload_bytes: i64,
    score_decimals: i32,
    /// Whether the public board is a Ladder: a public score is shown only where it is better than the team's best
    /// one by more than chance. `auto` before the launch, where Holdout is to propose.
    ladder: Ladder,
    /// What the board shows while the competition is open: to everybody all names and scores, scores beside pseudonyms, or to
    /// each team its own row alone.
    board_shows: BoardShows,
    /// Whether the board shows no more than that after the end.
    board_stays_veiled: bool,
    n_teams: i32,
    n_entries: i32,
    /// Whether hosts may have the files that participants send.
    hosts_may_have_files: bool,
    /// Whether a finish counts towards medals, points and tiers; null before the launch, at which that is proposed.
    counts_for_medals: Option<bool>,
    metric: Option<String>,
    higher_is_better: Option<bool>,
    is_demo: bool,
    /// Who hosts it, the first one first.
    hosts: Vec<HostNameJson>,
    is_host: bool,
    has_joined: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HostName)]
struct HostNameJson {
    username: String,
    display_name: String,
}

impl From<Host> for HostNameJson {
    fn from(host: Host) -> Self {
        Self { username: host.username, display_name: host.display_name }
    }
}

impl CompetitionJson {
    /// As a viewer sees it.
    async fn of(app: &App, seen: Seen) -> Result<Self> {
        let hosts = lists::hosts(&mut *app.db.acquire().await?, seen.competition.id).await?;
        Ok(Self::new(seen, hosts, app.clock.now()))
    }

    fn new(seen: Seen, hosts: Vec<Host>, now: DateTime<Utc>) -> Self {
        let (competition, standing) = (seen.competition, seen.standing);
        Self {
            state: competition.phase(now).name(),
            slug: competition.slug,
            title: competition.title,
            subtitle: competition.subtitle,
            visibility: competition.visibility.name().to_owned(),
            launched_at: competition.launched_at,
            starts_at: competition.starts_at,
            entry_deadline_at: competition.entry_deadline_at,
            merger_deadline_at: competition.merger_deadline_at,
            ends_at: competition.ends_at,
            moves_over_outage: competition.moves_over_outage,
            daily_limit: competition.daily_limit,
            total_limit: competition.total_limit,
            final_limit: competition.final_limit,
            team_limit: competition.team_limit,
            max_upload_bytes: competition.max_upload_bytes,
            score_decimals: competition.score_decimals,
            ladder: competition.ladder,
            board_shows: competition.board_shows,
            board_stays_veiled: competition.board_stays_veiled,
            n_teams: competition.n_teams,
            n_entries: competition.n_entries,
            hosts_may_have_files: competition.hosts_may_have_files,
            counts_for_medals: competition.launched_at.map(|_| competition.counts_for_medals),
            metric: competition.metric,
            higher_is_better: competition.higher_is_better,
            is_demo: competition.is_demo,
            hosts: hosts.into_iter().map(HostNameJson::from).collect(),
            is_host: standing.is_host,
            has_joined: standing.team_id.is_some(),
        }
    }
}

/// One competition: its times, limits, metric and hosts.
#[utoipa::path(
    get,
    path = paths::API_COMPETITION,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The competition", body = CompetitionJson)),
)]
async fn show_competition(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<CompetitionJson>> {
    let (seen, _) = see(&app, &slug, caller).await?;
    Ok(Json(CompetitionJson::of(&app, seen).await?))
}

async fn see(app: &App, slug: &str, caller: MaybeApiMember) -> Result<(Seen, Option<Member>)> {
    let reader = caller.reader()?;
    let seen = access::see(app, slug, reader.as_ref()).await?;
    Ok((seen, reader))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PageJson {
    slug: String,
    title: String,
    markdown: String,
    html: String,
    updated_at: DateTime<Utc>,
}

impl From<TextPage> for PageJson {
    fn from(page: TextPage) -> Self {
        Self {
            slug: page.slug,
            title: page.title,
            markdown: page.markdown,
            html: page.html,
            updated_at: page.updated_at,
        }
    }
}

/// A competition's pages, as Markdown and as HTML.
#[utoipa::path(
    get,
    path = paths::API_PAGES,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The pages, in their order", body = ItemsJson<PageJson>)),
)]
async fn list_pages(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<ItemsJson<PageJson>>> {
    let (seen, _) = see(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let pages = propose::pages(&mut conn, &seen.competition).await?;
    Ok(Json(ItemsJson { items: pages.into_iter().map(PageJson::from).collect() }))
}

/// One page, as Markdown and as HTML.
#[utoipa::path(
    get,
    path = paths::API_PAGE,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The page", body = PageJson)),
)]
async fn show_page(
    State(app): State<App>,
    Path((slug, page)): Path<(String, String)>,
    caller: MaybeApiMember,
) -> Result<Json<PageJson>> {
    let (seen, _) = see(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let page = propose::page(&mut conn, &seen.competition, &page).await?.ok_or(AppError::NotFound)?;
    Ok(Json(page.into()))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct FileJson {
    name: String,
    role: String,
    size_bytes: i64,
    sha256: String,
    description: String,
    uploaded_at: DateTime<Utc>,
}

impl From<DataFile> for FileJson {
    fn from(file: DataFile) -> Self {
        Self {
            sha256: file.sha256_hex(),
            name: file.name,
            role: file.role,
            size_bytes: file.size_bytes,
            description: file.description,
            uploaded_at: file.uploaded_at,
        }
    }
}

/// The files that participants can download.
#[utoipa::path(
    get,
    path = paths::API_DATA,
    tag = "Competitions",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "The files", body = ItemsJson<FileJson>)),
)]
async fn list_data(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<ItemsJson<FileJson>>> {
    let (seen, _) = see(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let files = data::all(&mut conn, seen.competition.id).await?;
    let shown = files.into_iter().filter(DataFile::is_for_participants);
    Ok(Json(ItemsJson { items: shown.map(FileJson::from).collect() }))
}

/// Download a file. The rules must have been accepted.
#[utoipa::path(
    get,
    path = paths::API_DATA_FILE,
    operation_id = "download_data",
    tag = "Competitions",
    security(("token" = ["read"])),
    params(("Range" = Option<String>, Header, description = "`bytes=FIRST-LAST`, to go on where a download broke off")),
    responses((status = 200, description = "The whole file", body = [u8], content_type = "application/octet-stream"), (status = 206, description = "The part that `Range` asked for", body = [u8], content_type = "application/octet-stream"), (status = 307, description = "The file is at `Location`, in the object store, for five minutes; ranges are answered there"), (status = 416, description = "The range lies outside the file")),
)]
async fn send_file(
    State(app): State<App>,
    Path((slug, name)): Path<(String, String)>,
    caller: MaybeApiMember,
    headers: HeaderMap,
) -> Result<Response> {
    let (seen, reader) = see(&app, &slug, caller).await?;
    download::may_download(&seen, reader.is_some(), seen.competition.phase(app.clock.now()))?;
    let file = download::find(&app, &seen, &name).await?;
    download::hand_out(&app, &Download::from(&file), &headers).await
}

/// Download all files as one zip. It is made while it is sent, so it cannot be resumed.
#[utoipa::path(
    get,
    path = paths::API_DATA_ZIP,
    tag = "Competitions",
    operation_id = "download_all_data",
    security(("token" = ["read"])),
    responses((status = 200, description = "The files", body = [u8], content_type = "application/zip")),
)]
async fn send_zip(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Response> {
    let (seen, reader) = see(&app, &slug, caller).await?;
    download::may_download(&seen, reader.is_some(), seen.competition.phase(app.clock.now()))?;
    let mut conn = app.db.acquire().await?;
    let mut files = data::all(&mut conn, seen.competition.id).await?;
    drop(conn);
    files.retain(DataFile::is_for_participants);
    Ok(download::send_zip(app.files.clone(), &format!("{slug}.zip"), files))
}
