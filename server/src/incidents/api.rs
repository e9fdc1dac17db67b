//! How the site is, its incidents, and what hosts are asked, as JSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::model::{Condition, Incident, Part, State as PartState, Update, Wish, conditions};
use super::store::offers::{self, Offer};
use super::{extend, facts, record, store};
use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::competitions::api::as_host;
use crate::error::{AppError, Result};
use crate::ids::IncidentId;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_status))
        .routes(routes!(list_incidents))
        .routes(routes!(open_incident))
        .routes(routes!(update_incident))
        .routes(routes!(resolve_incident))
        .routes(routes!(list_extensions))
        .routes(routes!(answer_extension))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SiteStatusJson {
    looked_at: DateTime<Utc>,
    parts: Vec<SiteConditionJson>,
    /// Those that last.
    incidents: Vec<IncidentJson>,
}

/// How a part of the site is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SiteConditionJson {
    part: Part,
    state: PartState,
    sentence: String,
}

impl From<Condition> for SiteConditionJson {
    fn from(Condition { part, state, sentence }: Condition) -> Self {
        Self { part, state, sentence }
    }
}

/// Something that did not work.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct IncidentJson {
    id: IncidentId,
    title: String,
    affects: Vec<Part>,
    /// Whether the platform opened it itself.
    is_found: bool,
    began_at: DateTime<Utc>,
    /// Null while it lasts.
    ended_at: Option<DateTime<Utc>>,
    /// Newest first.
    updates: Vec<IncidentUpdateJson>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct IncidentUpdateJson {
    /// Markdown.
    text: String,
    written_at: DateTime<Utc>,
}

impl From<Update> for IncidentUpdateJson {
    fn from(update: Update) -> Self {
        Self { text: update.markdown, written_at: update.written_at }
    }
}

impl From<Incident> for IncidentJson {
    fn from(incident: Incident) -> Self {
        Self {
            id: incident.id,
            title: incident.title,
            affects: incident.affects,
            is_found: incident.is_found,
            began_at: incident.began_at,
            ended_at: incident.ended_at,
            updates: incident.updates.into_iter().map(IncidentUpdateJson::from).collect(),
        }
    }
}

/// Whether the site works now, part by part.
///
/// Looked at when somebody asks, and kept for ten seconds; it answers also while the database is away.
#[utoipa::path(
    get,
    path = paths::API_STATUS,
    tag = "Administration",
    security(()),
    responses((status = 200, description = "How every part is", body = SiteStatusJson)),
)]
async fn show_status(State(app): State<App>) -> Json<SiteStatusJson> {
    let known = facts::known(&app).await;
    let open = known.incidents.iter().filter(|incident| incident.ended_at.is_none());
    Json(SiteStatusJson {
        looked_at: known.looked_at,
        parts: conditions(&known.facts).map(SiteConditionJson::from).into(),
        incidents: open.cloned().map(IncidentJson::from).collect(),
    })
}

/// What did not work, newest first.
#[utoipa::path(
    get,
    path = paths::API_INCIDENTS,
    tag = "Administration",
    security((), ("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Incidents, newest first", body = Slice<IncidentJson>)),
)]
async fn list_incidents(
    State(app): State<App>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: MaybeApiMember,
) -> Result<Slice<IncidentJson>> {
    caller.reader()?;
    let found = store::list(&mut *app.db.acquire().await?, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(found, |incident| incident.id.0).map(IncidentJson::from))
}

async fn document(app: &App, id: IncidentId) -> Result<Json<IncidentJson>> {
    let found = store::find(&mut *app.db.acquire().await?, id).await?;
    Ok(Json(found.ok_or(AppError::NotFound)?.into()))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct OpenIncidentJson {
    #[schema(min_length = 3, max_length = 150, example = "Uploads are slow")]
    title: String,
    #[schema(min_items = 1)]
    affects: Vec<Part>,
    /// Markdown.
    #[schema(min_length = 1, max_length = 10_000, example = "We are looking into it.")]
    text: String,
    /// At most seven days ago; now when left out.
    began_at: Option<DateTime<Utc>>,
}

impl From<OpenIncidentJson> for Wish {
    fn from(OpenIncidentJson { title, affects, text, began_at }: OpenIncidentJson) -> Self {
        Self { title, affects, text, began_at }
    }
}

/// Tell everybody of something that does not work.
#[utoipa::path(
    post,
    path = paths::API_ADMIN_INCIDENTS,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = OpenIncidentJson,
    responses((status = 201, description = "It is on the status page", body = IncidentJson)),
)]
async fn open_incident(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<OpenIncidentJson>>,
) -> Result<(StatusCode, Json<IncidentJson>)> {
    let admin = caller.with(Scope::Admin)?;
    let id = record::open(&app, &admin, &body?.0.into()).await?;
    Ok((StatusCode::CREATED, document(&app, id).await?))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateIncidentJson {
    /// Markdown.
    #[schema(min_length = 1, max_length = 10_000, example = "The disk is being replaced.")]
    text: String,
}

/// Tell more of an incident, also after its end.
#[utoipa::path(
    post,
    path = paths::API_ADMIN_INCIDENT_UPDATES,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = UpdateIncidentJson,
    responses((status = 200, description = "As it is now", body = IncidentJson)),
)]
async fn update_incident(
    State(app): State<App>,
    Path(id): Path<IncidentId>,
    caller: ApiMember,
    body: Result<ApiJson<UpdateIncidentJson>>,
) -> Result<Json<IncidentJson>> {
    record::update(&app, &caller.with(Scope::Admin)?, id, &body?.0.text).await?;
    document(&app, id).await
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ResolveIncidentJson {
    /// Markdown.
    #[schema(min_length = 1, max_length = 10_000, example = "It works again.")]
    text: String,
    /// Now when left out.
    ended_at: Option<DateTime<Utc>>,
}

/// End an incident. Hosts whom it concerns are asked whether their competition should end later by as much.
#[utoipa::path(
    post,
    path = paths::API_ADMIN_INCIDENT_RESOLVE,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = ResolveIncidentJson,
    responses((status = 200, description = "It is over", body = IncidentJson)),
)]
async fn resolve_incident(
    State(app): State<App>,
    Path(id): Path<IncidentId>,
    caller: ApiMember,
    body: Result<ApiJson<ResolveIncidentJson>>,
) -> Result<Json<IncidentJson>> {
    let admin = caller.with(Scope::Admin)?;
    let ApiJson(wish) = body?;
    record::resolve(&app, &admin, id, &wish.text, wish.ended_at).await?;
    document(&app, id).await
}

/// A question to the hosts of a competition: should it end later by the length of an outage?
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ExtensionJson {
    incident: IncidentId,
    title: String,
    began_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
    /// By which the end moves out.
    length_seconds: i64,
    asked_at: DateTime<Utc>,
    /// Null until a host has answered.
    is_accepted: Option<bool>,
    /// Empty until then, and where the account is gone.
    answered_by: String,
    answered_at: Option<DateTime<Utc>>,
}

impl From<Offer> for ExtensionJson {
    fn from(offer: Offer) -> Self {
        Self {
            length_seconds: offer.length().num_seconds(),
            incident: offer.incident,
            title: offer.title,
            began_at: offer.began_at,
            ended_at: offer.ended_at,
            asked_at: offer.asked_at,
            is_accepted: offer.is_accepted,
            answered_by: offer.answered_by,
            answered_at: offer.answered_at,
        }
    }
}

/// What hosts were asked after outages, newest first.
#[utoipa::path(
    get,
    path = paths::API_EXTENSIONS,
    tag = "Hosting",
    security(("token" = ["host"])),
    params(Keyset),
    responses((status = 200, description = "Questions, newest first", body = Slice<ExtensionJson>)),
)]
async fn list_extensions(
    State(app): State<App>,
    Path(slug): Path<String>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<ExtensionJson>> {
    let (_, seen) = as_host(&app, &slug, caller).await?;
    let mut conn = app.db.acquire().await?;
    let found = offers::list(&mut conn, seen.competition.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(found, |offer| offer.incident.0).map(ExtensionJson::from))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerExtensionJson {
    is_accepted: bool,
}

/// Answer whether the end should move out by the length of an outage. The answer is final.
///
/// A yes moves it by exactly that long, and everybody who takes part is told. Not once the competition is over.
#[utoipa::path(
    put,
    path = paths::API_EXTENSION,
    tag = "Hosting",
    security(("token" = ["host"])),
    request_body = AnswerExtensionJson,
    responses((status = 200, description = "The question with its answer", body = ExtensionJson)),
)]
async fn answer_extension(
    State(app): State<App>,
    Path((slug, id)): Path<(String, IncidentId)>,
    caller: ApiMember,
    body: Result<ApiJson<AnswerExtensionJson>>,
) -> Result<Json<ExtensionJson>> {
    let (host, seen) = as_host(&app, &slug, caller).await?;
    let is_accepted = body?.0.is_accepted;
    Ok(Json(extend::answer(&app, &host, &seen, id, is_accepted).await?.into()))
}
