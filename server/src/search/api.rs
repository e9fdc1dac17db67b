//! The search as JSON.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::api::paging::NextPart;
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::MaybeApiMember;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::search::model::{Hit, Part};
use crate::search::{find, model, pages};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// Words; quotation marks keep them together, a minus leaves one out.
    #[param(example = "leaderboard noise")]
    q: String,
    /// `competitions`, `notebooks`, `discussion` (topics and posts) or `people`.
    #[serde(rename = "in")]
    #[param(inline)]
    part: Part,
    /// `next` of the part before.
    after: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct HitJson {
    /// `competition`, `notebook`, `topic`, `post`, `comment` or `person`.
    kind: &'static str,
    title: String,
    address: String,
    /// The author, or a person's user name; may be empty.
    facts: String,
    /// Safe HTML: text in which `mark` stands around what fits.
    excerpt_html: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    written_at: Option<DateTime<Utc>>,
}

impl From<Hit> for HitJson {
    fn from(hit: Hit) -> Self {
        let excerpt_html = hit.marked();
        let Hit { kind, title, address, facts, at, .. } = hit;
        Self { kind, title, address, facts, excerpt_html, written_at: at }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct HitsJson {
    items: Vec<HitJson>,
    /// What was searched for instead, where nothing was found for what was typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    instead: Option<String>,
    /// `after` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Search competitions, notebooks, topics, posts and people.
///
/// Of competitions the title, the metric and the pages that hosts wrote are searched. What fits best comes first; of words that very many posts have, the newest. Found is what is public, what
/// belongs to your own competitions, and notebooks of your own and of your teams.
#[utoipa::path(
    get,
    path = paths::API_SEARCH,
    tag = "Search",
    security((), ("token" = ["read"])),
    params(SearchQuery),
    responses((status = 200, description = "A part of what was found", body = HitsJson)),
)]
async fn search(
    State(app): State<App>,
    ApiQuery(asked): ApiQuery<SearchQuery>,
    caller: MaybeApiMember,
) -> Result<Response> {
    let viewer = caller.reader()?;
    let query = model::query(&asked.q).ok_or_else(|| AppError::field("q", "Name at least one word."))?;
    let after = asked.after.as_deref().map(str::parse).transpose();
    let after =
        after.map_err(|()| AppError::field("after", "Pass on `next` of the part before, as it is."))?;
    let found = find::part(&app, viewer.as_ref(), &query, asked.part, after, pages::A_PAGE).await?;
    let next = found.next.map(|key| key.to_string());
    let items = found.hits.into_iter().map(HitJson::from).collect();
    let link = NextPart::new("after", next.as_ref());
    Ok((link, Json(HitsJson { items, instead: found.instead, next })).into_response())
}
