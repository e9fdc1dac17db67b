//! Moderation as JSON.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::forum::subjects::{see_notebook, see_post};
use crate::ids::{PostId, UserId};
use crate::moderation::model::{Case, Complaint, Decision, Entry, Report, Thing};
use crate::moderation::read::{cases, entries};
use crate::moderation::{act, report};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(report_post))
        .routes(routes!(moderate_post))
        .routes(routes!(report_notebook))
        .routes(routes!(moderate_notebook))
        .routes(routes!(list_reports))
        .routes(routes!(list_moderation_log))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReportJson {
    reason: Complaint,
    /// At most 1,000 characters.
    #[serde(default)]
    #[schema(example = "The third time today.")]
    words: String,
}

/// Report a post to its moderators, once.
#[utoipa::path(
    post,
    path = paths::API_POST_REPORT,
    tag = "Moderation",
    security(("token" = ["submit"])),
    request_body = NewReportJson,
    responses((status = 204, description = "The moderators look at it")),
)]
async fn report_post(
    State(app): State<App>,
    Path(id): Path<PostId>,
    caller: ApiMember,
    body: Result<ApiJson<NewReportJson>>,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_post(&app, id, Some(&member)).await?;
    let ApiJson(asked) = body?;
    report::file(&app, &member, &seen, asked.reason, &asked.words).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ModerationJson {
    decision: Decision,
    /// Told to the author of what is hidden or warned about; at most 1,000 characters.
    #[serde(default)]
    #[schema(example = "Please stay with the question.")]
    words: String,
}

/// Hide a post, show it again, warn its author, or dismiss its reports.
#[utoipa::path(
    post,
    path = paths::API_POST_MODERATE,
    tag = "Moderation",
    security(("token" = ["submit"])),
    request_body = ModerationJson,
    responses((status = 204, description = "Done, and on record")),
)]
async fn moderate_post(
    State(app): State<App>,
    Path(id): Path<PostId>,
    caller: ApiMember,
    body: Result<ApiJson<ModerationJson>>,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_post(&app, id, Some(&member)).await?;
    let ApiJson(asked) = body?;
    act::decide(&app, &member, &seen, asked.decision, &asked.words).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Report a public notebook to its moderators, once.
#[utoipa::path(
    post,
    path = paths::API_NOTEBOOK_REPORT,
    tag = "Moderation",
    security(("token" = ["submit"])),
    request_body = NewReportJson,
    responses((status = 204, description = "The moderators look at it")),
)]
async fn report_notebook(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    caller: ApiMember,
    body: Result<ApiJson<NewReportJson>>,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_notebook(&app, &username, &notebook, Some(&member)).await?;
    let ApiJson(asked) = body?;
    report::file(&app, &member, &seen, asked.reason, &asked.words).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hide a public notebook, show it again, warn its author, or dismiss its reports.
#[utoipa::path(
    post,
    path = paths::API_NOTEBOOK_MODERATE,
    tag = "Moderation",
    security(("token" = ["submit"])),
    request_body = ModerationJson,
    responses((status = 204, description = "Done, and on record")),
)]
async fn moderate_notebook(
    State(app): State<App>,
    Path((username, notebook)): Path<(String, String)>,
    caller: ApiMember,
    body: Result<ApiJson<ModerationJson>>,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_notebook(&app, &username, &notebook, Some(&member)).await?;
    let ApiJson(asked) = body?;
    act::decide(&app, &member, &seen, asked.decision, &asked.words).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SubjectReportJson {
    /// Who reported it.
    reporter: String,
    reason: Complaint,
    words: String,
    reported_at: DateTime<Utc>,
}

impl From<Report> for SubjectReportJson {
    fn from(report: Report) -> Self {
        let Report { reporter, complaint, words, reported_at } = report;
        Self { reporter, reason: complaint, words, reported_at }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct CaseJson {
    /// `post` or `notebook`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_id: Option<PostId>,
    /// Where it is read.
    address: String,
    /// Of the topic or notebook.
    title: String,
    author_id: UserId,
    /// The author's user name.
    author: String,
    is_hidden: bool,
    is_deleted: bool,
    /// The beginning of the text.
    excerpt: String,
    /// The open ones.
    reports: Vec<SubjectReportJson>,
}

impl From<Case> for CaseJson {
    fn from(case: Case) -> Self {
        let post_id = match case.thing {
            Thing::Post(post) => Some(post),
            Thing::Notebook(..) => None,
        };
        Self {
            kind: case.thing.noun(),
            post_id,
            address: case.thing.address(),
            title: case.title,
            author_id: case.author_id,
            author: case.username,
            is_hidden: case.is_hidden,
            is_deleted: case.is_deleted,
            excerpt: case.excerpt,
            reports: case.reports.into_iter().map(SubjectReportJson::from).collect(),
        }
    }
}

/// Reported posts and notebooks: for hosts those of their competitions, for administrators all.
#[utoipa::path(
    get,
    path = paths::API_MODERATION_REPORTS,
    tag = "Moderation",
    security(("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "What has open reports", body = Slice<CaseJson>)),
)]
async fn list_reports(
    State(app): State<App>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<CaseJson>> {
    let member = caller.with(Scope::Read)?;
    Ok(cases(&app, &member, keyset).await?.map(CaseJson::from))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ModerationEntryJson {
    id: i64,
    at: DateTime<Utc>,
    moderator: String,
    /// What was done: such as `hide`, `lock`, `suspend`.
    act: String,
    /// Where; absent for the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    competition: Option<String>,
    /// To what, and with which words.
    about: String,
}

impl From<Entry> for ModerationEntryJson {
    fn from(entry: Entry) -> Self {
        let (act, about) = (entry.act(), entry.about());
        let Entry { id, at, moderator, competition, .. } = entry;
        Self { id, at, moderator, act, competition, about }
    }
}

/// What moderators did, newest first: for hosts in their competitions, for administrators everywhere.
#[utoipa::path(
    get,
    path = paths::API_MODERATION_LOG,
    tag = "Moderation",
    security(("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "The log", body = Slice<ModerationEntryJson>)),
)]
async fn list_moderation_log(
    State(app): State<App>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<ModerationEntryJson>> {
    let member = caller.with(Scope::Read)?;
    Ok(entries(&app, &member, keyset).await?.map(ModerationEntryJson::from))
}
