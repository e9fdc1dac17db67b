//! What a participant's program asks before it sends anything: which competitions are mine, and what a
//! submission must hold.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use holdout_contract::format::SubmissionFormat;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::{CardJson, CompetitionsJson, FileJson, card_json, place};
use crate::accounts::model::Scope;
use crate::api::paging::{Keyset, NextPart, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::download;
use crate::competitions::store::lists::{Card, Cursor};
use crate::competitions::store::{data, judging, lists};
use crate::error::Result;
use crate::ids::CompetitionId;
use crate::paths;

/// Most competitions of one kind in a person's list.
const MOST_OF_MINE: i64 = 200;
const INVITED_A_PAGE: usize = 50;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_mine))
        .routes(routes!(list_hosted))
        .routes(routes!(list_joined))
        .routes(routes!(list_invited))
        .routes(routes!(show_format))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct MineJson {
    /// Drafts among them.
    hosted: Vec<CardJson>,
    joined: Vec<CardJson>,
    /// By invitation, not joined and open to enter; those that end first first.
    invited: Vec<CardJson>,
}

/// The competitions that the caller hosts, takes part in, or is invited to.
#[utoipa::path(
    get,
    path = paths::API_MY_COMPETITIONS,
    tag = "Account",
    operation_id = "list_my_competitions",
    security(("token" = ["read"])),
    responses((status = 200, description = "Three lists, newest first, the first 200 of each; the addresses below have the rest", body = MineJson)),
)]
async fn list_mine(State(app): State<App>, caller: ApiMember) -> Result<Json<MineJson>> {
    let member = caller.with(Scope::Read)?;
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let hosted = lists::hosted_by(&mut conn, member.id, lists::NEWEST, MOST_OF_MINE).await?;
    let joined = lists::joined_by(&mut conn, member.id, lists::NEWEST, MOST_OF_MINE).await?;
    let invited = lists::invited_to(&mut conn, member.id, now, Cursor::START, MOST_OF_MINE).await?;
    let json = |cards: Vec<lists::Card>| cards.into_iter().map(|card| card_json(card, now)).collect();
    Ok(Json(MineJson { hosted: json(hosted), joined: json(joined), invited: json(invited) }))
}

/// All competitions that the caller hosts, drafts among them, newest first.
#[utoipa::path(
    get,
    path = paths::API_MINE_HOSTED,
    tag = "Account",
    operation_id = "list_hosted_competitions",
    security(("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "A part of the list", body = Slice<CardJson>)),
)]
async fn list_hosted(
    State(app): State<App>,
    caller: ApiMember,
    ApiQuery(keyset): ApiQuery<Keyset>,
) -> Result<Slice<CardJson>> {
    let member = caller.with(Scope::Read)?;
    let mut conn = app.db.acquire().await?;
    let before = CompetitionId(keyset.before());
    let cards = lists::hosted_by(&mut conn, member.id, before, keyset.fetched()).await?;
    Ok(part(keyset, cards, app.clock.now()))
}

/// All competitions that the caller takes part in, newest first.
#[utoipa::path(
    get,
    path = paths::API_MINE_JOINED,
    tag = "Account",
    operation_id = "list_joined_competitions",
    security(("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "A part of the list", body = Slice<CardJson>)),
)]
async fn list_joined(
    State(app): State<App>,
    caller: ApiMember,
    ApiQuery(keyset): ApiQuery<Keyset>,
) -> Result<Slice<CardJson>> {
    let member = caller.with(Scope::Read)?;
    let mut conn = app.db.acquire().await?;
    let before = CompetitionId(keyset.before());
    let cards = lists::joined_by(&mut conn, member.id, before, keyset.fetched()).await?;
    Ok(part(keyset, cards, app.clock.now()))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct InvitedQuery {
    /// `next` of the part before.
    after: Option<String>,
}

/// All competitions by invitation that the caller is invited to, has not joined and can still enter, those that end first first.
#[utoipa::path(
    get,
    path = paths::API_MINE_INVITED,
    tag = "Account",
    operation_id = "list_invited_competitions",
    security(("token" = ["read"])),
    params(InvitedQuery),
    responses((status = 200, description = "A part of the list, of up to 50", body = CompetitionsJson)),
)]
async fn list_invited(
    State(app): State<App>,
    caller: ApiMember,
    ApiQuery(query): ApiQuery<InvitedQuery>,
) -> Result<(NextPart, Json<CompetitionsJson>)> {
    let member = caller.with(Scope::Read)?;
    let after = place("after", query.after.as_deref(), Cursor::START)?;
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let mut cards = lists::invited_to(&mut conn, member.id, now, after, INVITED_A_PAGE as i64 + 1).await?;
    let has_more = lists::cut(&mut cards, INVITED_A_PAGE);
    let next = cards.last().filter(|_| has_more).and_then(Card::cursor).map(|cursor| cursor.to_string());
    let items = cards.into_iter().map(|card| card_json(card, now)).collect();
    Ok((NextPart::new("after", next.as_ref()), Json(CompetitionsJson { items, next })))
}

fn part(keyset: Keyset, cards: Vec<Card>, now: DateTime<Utc>) -> Slice<CardJson> {
    keyset.slice(cards, |card| card.id.0).map(|card| card_json(card, now))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct FormatJson {
    /// The columns, where a scorer has told them; a metric that its host wrote says none.
    format: Option<SubmissionFormat>,
    /// It has the ids.
    sample: Option<FileJson>,
    max_upload_bytes: i64,
}

/// What a submission must hold, so that a program can check a file before it sends it.
#[utoipa::path(
    get,
    path = paths::API_FORMAT,
    tag = "Taking part",
    operation_id = "show_submission_format",
    security(("token" = ["read"])),
    responses((status = 200, description = "Columns, sample submission and the largest size", body = FormatJson)),
)]
async fn show_format(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<FormatJson>> {
    let member = caller.with(Scope::Read)?;
    let seen = access::see(&app, &slug, Some(&member)).await?;
    let competition = &seen.competition;
    download::may_download(&seen, true, competition.phase(app.clock.now()))?;
    let mut conn = app.db.acquire().await?;
    let format = judging::submission_format(&mut conn, competition.active_version_id).await?;
    let files = data::all(&mut conn, competition.id).await?;
    let sample = files.into_iter().find(|file| file.role == "sample_submission");
    Ok(Json(FormatJson {
        format,
        sample: sample.map(FileJson::from),
        max_upload_bytes: competition.max_upload_bytes,
    }))
}
