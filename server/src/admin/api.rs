//! Looking after an installation, as JSON: accounts and the queue.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use crate::accounts;
use crate::accounts::addresses::by_hand;
use crate::accounts::model::Scope;
use crate::accounts::two_factors::reset;
use crate::admin::read::{self, Overview, Queue};
use crate::admin::store::{Entry, Job, Mail, Scorer, User};
use crate::admin::{roles, suspend};
use crate::api::body::ApiJson;
use crate::api::paging::{Keyset, NextPart, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::Result;
use crate::ids::UserId;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_overview))
        .routes(routes!(list_mails))
        .routes(routes!(list_users, make_user))
        .routes(routes!(suspend_user))
        .routes(routes!(unsuspend_user))
        .routes(routes!(appoint_administrator, dismiss_administrator))
        .routes(routes!(let_host, let_host_no_more))
        .routes(routes!(reset_two_factors))
        .routes(routes!(confirm_address_of))
        .routes(routes!(show_queue))
        .routes(routes!(show_log))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct OverviewJson {
    /// About: as the database estimates.
    n_users: i64,
    /// About: as the database estimates.
    n_competitions: i64,
    /// Counted up to 10,000, as everything below.
    n_waiting: i64,
    oldest_waiting_since: Option<DateTime<Utc>>,
    n_running: i64,
    n_failed: i64,
    n_scorers: i64,
    n_unsent_mails: i64,
    /// Whether letters leave this installation by themselves.
    sends_mail: bool,
    database_bytes: u64,
    /// Of the disk on which files lie; absent where they lie in a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    files_free_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files_total_bytes: Option<u64>,
    /// As of when `holdout backup` last made one; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_backup_at: Option<DateTime<Utc>>,
    /// When one failed since; the administrators' page says why.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_failed_at: Option<DateTime<Utc>>,
}

/// The installation in numbers.
#[utoipa::path(
    get,
    path = paths::API_ADMIN_OVERVIEW,
    tag = "Administration",
    operation_id = "show_overview",
    security(("token" = ["admin"])),
    responses((status = 200, description = "The numbers", body = OverviewJson)),
)]
async fn show_overview(State(app): State<App>, caller: ApiMember) -> Result<Json<OverviewJson>> {
    caller.require(Scope::Admin)?;
    let Overview { numbers, backup, room } = read::overview(&app).await?;
    Ok(Json(OverviewJson {
        n_users: numbers.n_users,
        n_competitions: numbers.n_competitions,
        n_waiting: numbers.n_waiting,
        oldest_waiting_since: numbers.oldest_waiting_since,
        n_running: numbers.n_running,
        n_failed: numbers.n_failed,
        n_scorers: numbers.n_scorers,
        n_unsent_mails: numbers.n_unsent_mails,
        sends_mail: app.config.smtp.is_some(),
        database_bytes: room.database_bytes,
        files_free_bytes: room.files.map(|disk| disk.free_bytes),
        files_total_bytes: room.files.map(|disk| disk.total_bytes),
        last_backup_at: backup.made_at,
        backup_failed_at: backup.failed_at,
    }))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct MailJson {
    id: i64,
    to: String,
    subject: String,
    /// Empty once the mail was sent: it may hold a secret.
    body: String,
    created_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    attempts: i32,
    last_error: Option<String>,
}

impl From<Mail> for MailJson {
    fn from(mail: Mail) -> Self {
        Self {
            id: mail.id,
            to: mail.to_address,
            subject: mail.subject,
            body: mail.body,
            created_at: mail.created_at,
            sent_at: mail.sent_at,
            attempts: mail.attempts,
            last_error: mail.last_error,
        }
    }
}

/// What was mailed, and what waits to be.
#[utoipa::path(
    get,
    path = paths::API_ADMIN_MAILS,
    tag = "Administration",
    security(("token" = ["admin"])),
    params(Keyset),
    responses((status = 200, description = "Mails, newest first", body = Slice<MailJson>)),
)]
async fn list_mails(
    State(app): State<App>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<MailJson>> {
    caller.require(Scope::Admin)?;
    Ok(read::mails(&app, keyset).await?.map(MailJson::from))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct UserJson {
    id: UserId,
    username: String,
    email: String,
    display_name: String,
    is_admin: bool,
    created_at: DateTime<Utc>,
    suspended_at: Option<DateTime<Utc>>,
    has_two_factors: bool,
    /// Whether the address is known to be theirs.
    email_confirmed: bool,
    /// Whether they may host where not every member may.
    may_host: bool,
}

impl From<User> for UserJson {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            email: user.email,
            display_name: user.display_name,
            is_admin: user.is_admin,
            created_at: user.created_at,
            suspended_at: user.suspended_at,
            has_two_factors: user.has_two_factors,
            email_confirmed: user.has_confirmed_email,
            may_host: user.may_host,
        }
    }
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct UsersQuery {
    /// Beginning of the user name; the first 100 are found, by name.
    name: Option<String>,
}

/// The accounts, newest first.
#[utoipa::path(
    get,
    path = paths::API_ADMIN_USERS,
    tag = "Administration",
    security(("token" = ["admin"])),
    params(UsersQuery, Keyset),
    responses((status = 200, description = "A part of the accounts", body = Slice<UserJson>)),
)]
async fn list_users(
    State(app): State<App>,
    ApiQuery(search): ApiQuery<UsersQuery>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<UserJson>> {
    caller.require(Scope::Admin)?;
    let found = read::users(&app, &search.name.unwrap_or_default(), keyset).await?;
    Ok(found.users.map(UserJson::from))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountForSomebody)]
struct MakeUserJson {
    #[schema(example = "ada")]
    username: String,
    #[schema(example = "ada@example.org")]
    email: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = MadeAccount)]
struct MadeUserJson {
    id: UserId,
    username: String,
    /// Sets the password, once, within seven days: for you to pass on. Absent where it was mailed.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// Make an account for somebody, whoever else may register.
///
/// Its owner is mailed a link by which they set the password.
#[utoipa::path(
    post,
    path = paths::API_ADMIN_USERS,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body = MakeUserJson,
    responses((status = 201, description = "The account", body = MadeUserJson)),
)]
async fn make_user(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<MakeUserJson>>,
) -> Result<(StatusCode, Json<MadeUserJson>)> {
    let admin = caller.with(Scope::Admin)?;
    let ApiJson(wish) = body?;
    let made = accounts::by_hand::make(&app, &admin, &wish.username, &wish.email).await?;
    let shown = MadeUserJson { id: made.user, username: made.username, link: made.link };
    Ok((StatusCode::CREATED, Json(shown)))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SuspensionJson {
    /// 1 to 365; until somebody lets the account in again when left out.
    #[schema(example = 7)]
    days: Option<i64>,
}

/// Suspend an account, for some days or until it is let in again.
///
/// Its sessions end, its tokens and password stop working.
#[utoipa::path(
    post,
    path = paths::API_ADMIN_USER_SUSPEND,
    tag = "Administration",
    security(("token" = ["admin"])),
    request_body(content = SuspensionJson, description = "May be left out"),
    responses((status = 204, description = "The account is suspended")),
)]
async fn suspend_user(
    State(app): State<App>,
    Path(id): Path<UserId>,
    caller: ApiMember,
    body: Result<Option<ApiJson<SuspensionJson>>>,
) -> Result<StatusCode> {
    let admin = caller.with(Scope::Admin)?;
    let days = body?.and_then(|ApiJson(asked)| asked.days);
    suspend::suspend(&app, &admin, id, days).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a suspended account be used again.
#[utoipa::path(
    post,
    path = paths::API_ADMIN_USER_UNSUSPEND,
    tag = "Administration",
    security(("token" = ["admin"])),
    responses((status = 204, description = "The account can be used")),
)]
async fn unsuspend_user(
    State(app): State<App>,
    Path(id): Path<UserId>,
    caller: ApiMember,
) -> Result<StatusCode> {
    suspend::unsuspend(&app, &caller.with(Scope::Admin)?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make somebody an administrator as well.
#[utoipa::path(
    put,
    path = paths::API_ADMIN_USER_ADMINISTRATOR,
    tag = "Administration",
    security(("token" = ["admin"])),
    responses((status = 204, description = "They are an administrator")),
)]
async fn appoint_administrator(
    State(app): State<App>,
    Path(id): Path<UserId>,
    caller: ApiMember,
) -> Result<StatusCode> {
    roles::appoint(&app, &caller.with(Scope::Admin)?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let somebody host competitions where not every member may.
#[utoipa::path(
    put,
    path = paths::API_ADMIN_USER_HOSTING,
    tag = "Administration",
    security(("token" = ["admin"])),
    responses((status = 204, description = "They may host")),
)]
async fn let_host(State(app): State<App>, Path(id): Path<UserId>, caller: ApiMember) -> Result<StatusCode> {
    roles::let_host(&app, &caller.with(Scope::Admin)?, id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let somebody begin no more competitions where not every member may; what they host they keep.
#[utoipa::path(
    delete,
    path = paths::API_ADMIN_USER_HOSTING,
    tag = "Administration",
    security(("token" = ["admin"])),
    responses((status = 204, description = "They host as every member does")),
)]
async fn let_host_no_more(
    State(app): State<App>,
    Path(id): Path<UserId>,
    caller: ApiMember,
) -> Result<StatusCode> {
    roles::let_host(&app, &caller.with(Scope::Admin)?, id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take an administrator's rights; not one's own.
#[utoipa::path(
    delete,
    path = paths::API_ADMIN_USER_ADMINISTRATOR,
    tag = "Administration",
    security(("token" = ["admin"])),
    responses((status = 204, description = "They are no administrator any more")),
)]
async fn dismiss_administrator(
    State(app): State<App>,
    Path(id): Path<UserId>,
    caller: ApiMember,
) -> Result<StatusCode> {
    roles::dismiss(&app, &caller.with(Scope::Admin)?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Turn off two-factor sign-in of somebody who lost it; they are told by mail. Not one's own.
#[utoipa::path(
    delete,
    path = paths::API_ADMIN_USER_TWO_FACTORS,
    tag = "Administration",
    security(("token" = ["admin"])),
    responses((status = 204, description = "They sign in with the password alone")),
)]
async fn reset_two_factors(
    State(app): State<App>,
    Path(id): Path<UserId>,
    caller: ApiMember,
) -> Result<StatusCode> {
    reset::reset(&app, &caller.with(Scope::Admin)?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Confirm somebody's e-mail address by hand, where no mail is sent.
#[utoipa::path(
    put,
    path = paths::API_ADMIN_USER_EMAIL,
    tag = "Administration",
    security(("token" = ["admin"])),
    responses(
        (status = 204, description = "The address counts as theirs"),
        (status = 404, description = "No such account, or it is confirmed already"),
    ),
)]
async fn confirm_address_of(
    State(app): State<App>,
    Path(id): Path<UserId>,
    caller: ApiMember,
) -> Result<StatusCode> {
    by_hand::confirm(&app, &caller.with(Scope::Admin)?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct JobJson {
    id: i64,
    kind: String,
    /// Of its competition; none where it runs a notebook that belongs to none.
    slug: Option<String>,
    submission_id: Option<i64>,
    attempts: i32,
    created_at: DateTime<Utc>,
    error: Option<String>,
}

impl From<Job> for JobJson {
    fn from(job: Job) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            slug: job.competition,
            submission_id: job.submission_id,
            attempts: job.attempts,
            created_at: job.created_at,
            error: job.error,
        }
    }
}

/// A scorer that was heard of within a day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ScorerJson {
    host: String,
    engine_version: String,
    started_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    is_at_work: bool,
    /// Why it takes no work; absent where it does.
    refusal: Option<String>,
    /// Which Python runs metrics that hosts wrote.
    sandbox: Option<String>,
    /// Why none does.
    sandbox_refusal: Option<String>,
    /// The GPU that it computes with; absent where it has only its processor.
    gpu: Option<String>,
}

impl From<Scorer> for ScorerJson {
    fn from(scorer: Scorer) -> Self {
        Self {
            is_at_work: scorer.is_at_work(),
            refusal: scorer.why_no_work().map(str::to_owned),
            host: scorer.host,
            engine_version: scorer.engine_version,
            started_at: scorer.started_at,
            last_seen_at: scorer.last_seen_at,
            sandbox: scorer.sandbox,
            sandbox_refusal: scorer.sandbox_refusal,
            gpu: scorer.gpu,
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct QueueJson {
    /// Last heard of first.
    scorers: Vec<ScorerJson>,
    /// The first 50.
    waiting: Vec<JobJson>,
    /// Newest first, part by part.
    failed: Vec<JobJson>,
    /// `before` of the next part of what failed; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// What waits for a scorer, and what broke off by a fault of the platform.
#[utoipa::path(
    get,
    path = paths::API_ADMIN_QUEUE,
    tag = "Administration",
    security(("token" = ["admin"])),
    params(Keyset),
    responses((status = 200, description = "The queue", body = QueueJson)),
)]
async fn show_queue(
    State(app): State<App>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<(NextPart, Json<QueueJson>)> {
    caller.require(Scope::Admin)?;
    let Queue { scorers, waiting, failed } = read::queue(&app, keyset).await?;
    let scorers = scorers.into_iter().map(ScorerJson::from).collect();
    let waiting = waiting.into_iter().map(JobJson::from).collect();
    let failed = failed.map(JobJson::from);
    let link = NextPart::new("before", failed.next.as_ref());
    Ok((link, Json(QueueJson { scorers, waiting, failed: failed.items, next: failed.next })))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct LogEntryJson {
    id: i64,
    at: DateTime<Utc>,
    /// User name; `null`: the platform itself, or an account that is gone.
    actor: Option<String>,
    action: String,
    /// Of the competition that it is about.
    slug: Option<String>,
    #[schema(value_type = Object)]
    detail: Value,
}

impl From<Entry> for LogEntryJson {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            slug: entry.competition,
            detail: entry.detail,
        }
    }
}

/// What hosts, moderators and administrators did.
#[utoipa::path(
    get,
    path = paths::API_ADMIN_LOG,
    tag = "Administration",
    operation_id = "list_log",
    security(("token" = ["admin"])),
    params(Keyset),
    responses((status = 200, description = "Entries, newest first", body = Slice<LogEntryJson>)),
)]
async fn show_log(
    State(app): State<App>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<LogEntryJson>> {
    caller.require(Scope::Admin)?;
    Ok(read::log(&app, keyset).await?.map(LogEntryJson::from))
}
