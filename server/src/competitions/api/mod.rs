//! Competitions as JSON. The same reads and verbs as the pages.

mod hosting;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use holdout_contract::spec::MetricSpec;
use serde::{Deserialize, Serialize};

use crate::accounts::model::Member;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::download::{self, Download};
use crate::competitions::store::data::DataFile;
use crate::competitions::store::lists::{self, Card, Cursor};
use crate::competitions::store::{data, judging, texts};
use crate::competitions::supply;
use crate::error::{AppError, Result};
use crate::paths;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::API_SCORER_KEY, get(show_scorer_key))
        .route(paths::API_METRICS, get(list_metrics))
        .route(paths::API_METRIC, get(show_metric))
        .route(paths::API_COMPETITIONS, get(list_competitions).post(hosting::create))
        .route(paths::API_COMPETITION, get(show_competition).patch(hosting::edit))
        .route(paths::API_PAGES, get(list_pages))
        .route(paths::API_DATA, get(list_data))
        .merge(hosting::router())
}

const COMPETITIONS_A_PAGE: i64 = 50;

#[derive(Debug, Serialize)]
struct ScorerKeyJson {
    /// An `age` recipient: solutions and labelled tables are sealed to it.
    recipient: String,
}

async fn show_scorer_key(State(app): State<App>) -> Result<Json<ScorerKeyJson>> {
    let mut conn = app.db.acquire().await?;
    let recipient = judging::recipient(&mut conn).await?.ok_or_else(supply::no_scorer)?;
    Ok(Json(ScorerKeyJson { recipient }))
}

#[derive(Debug, Serialize)]
struct ItemsJson<T> {
    items: Vec<T>,
}

async fn list_metrics(State(app): State<App>) -> Result<Json<ItemsJson<MetricSpec>>> {
    let mut conn = app.db.acquire().await?;
    Ok(Json(ItemsJson { items: judging::metrics(&mut conn).await? }))
}

async fn show_metric(State(app): State<App>, Path(name): Path<String>) -> Result<Json<MetricSpec>> {
    let mut conn = app.db.acquire().await?;
    judging::metric(&mut conn, &name).await?.map(Json).ok_or(AppError::NotFound)
}

#[derive(Debug, Serialize)]
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

#[derive(Debug, Serialize)]
struct CompetitionsJson {
    items: Vec<CardJson>,
    /// `before` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct ListQuery {
    before: Option<String>,
}

async fn list_competitions(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<CompetitionsJson>> {
    let before = match &query.before {
        None => Cursor::END,
        Some(text) => Cursor::parse(text)
            .ok_or_else(|| AppError::field("before", "Use `next` of the part before as `before`."))?,
    };
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let cards = lists::ending_before(&mut conn, before, COMPETITIONS_A_PAGE).await?;
    let is_full = i64::try_from(cards.len()).is_ok_and(|length| length == COMPETITIONS_A_PAGE);
    let last = cards.last().and_then(|card| card.ends_at.map(|at| Cursor { at, id: card.id.0 }));
    let next = last.filter(|_| is_full).map(|cursor| cursor.to_string());
    let items = cards.into_iter().map(|card| card_json(card, now)).collect();
    Ok(Json(CompetitionsJson { items, next }))
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

#[derive(Debug, Serialize)]
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
    daily_limit: i32,
    final_limit: i32,
    team_limit: i32,
    max_upload_bytes: i64,
    score_decimals: i32,
    n_teams: i32,
    n_entries: i32,
    metric: Option<String>,
    higher_is_better: Option<bool>,
    is_demo: bool,
    is_host: bool,
    has_joined: bool,
}

impl CompetitionJson {
    fn new(seen: Seen, now: DateTime<Utc>) -> Self {
        let (competition, standing) = (seen.competition, seen.standing);
        Self {
            state: competition.phase(now).name(),
            slug: competition.slug,
            title: competition.title,
            subtitle: competition.subtitle,
            visibility: competition.visibility,
            launched_at: competition.launched_at,
            starts_at: competition.starts_at,
            entry_deadline_at: competition.entry_deadline_at,
            merger_deadline_at: competition.merger_deadline_at,
            ends_at: competition.ends_at,
            daily_limit: competition.daily_limit,
            final_limit: competition.final_limit,
            team_limit: competition.team_limit,
            max_upload_bytes: competition.max_upload_bytes,
            score_decimals: competition.score_decimals,
            n_teams: competition.n_teams,
            n_entries: competition.n_entries,
            metric: competition.metric,
            higher_is_better: competition.higher_is_better,
            is_demo: competition.is_demo,
            is_host: standing.is_host,
            has_joined: standing.team_id.is_some(),
        }
    }
}

async fn show_competition(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<CompetitionJson>> {
    let (seen, _) = see(&app, &slug, caller).await?;
    Ok(Json(CompetitionJson::new(seen, app.clock.now())))
}

async fn see(app: &App, slug: &str, caller: MaybeApiMember) -> Result<(Seen, Option<Member>)> {
    let reader = caller.reader()?;
    let seen = access::see(app, slug, reader.as_ref()).await?;
    Ok((seen, reader))
}

#[derive(Debug, Serialize)]
struct PageJson {
    slug: String,
    title: String,
    markdown: String,
    html: String,
    updated_at: DateTime<Utc>,
}

async fn list_pages(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: MaybeApiMember,
) -> Result<Json<ItemsJson<PageJson>>> {
    let (seen, _) = see(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let pages = texts::all(&mut conn, seen.competition.id).await?;
    let items = pages.into_iter().map(|page| PageJson {
        slug: page.slug,
        title: page.title,
        markdown: page.markdown,
        html: page.html,
        updated_at: page.updated_at,
    });
    Ok(Json(ItemsJson { items: items.collect() }))
}

#[derive(Debug, Serialize)]
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

async fn send_file(
    State(app): State<App>,
    Path((slug, name)): Path<(String, String)>,
    caller: MaybeApiMember,
    headers: HeaderMap,
) -> Result<Response> {
    let (seen, reader) = see(&app, &slug, caller).await?;
    download::may_download(&seen, reader.is_some(), seen.competition.phase(app.clock.now()))?;
    let file = download::find(&app, &seen, &name).await?;
    download::send(&app.files, &Download::from(&file), &headers).await
}
