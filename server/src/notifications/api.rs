//! Notifications and follows as JSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;

use super::pages::{choose_mail, find_person};
use crate::accounts::model::Scope;
use crate::api::body::ApiJson;
use crate::api::paging::{Keyset, Slice};
use crate::api::query::ApiQuery;
use crate::api::routes::routes;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::forums;
use crate::forum::subjects::see_topic;
use crate::ids::TopicId;
use crate::notifications::follow;
use crate::notifications::model::{Event, Follow, MailChoice, Notification, Reason, Target};
use crate::notifications::store::{follows, inbox, mail};
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_notifications))
        .routes(routes!(read_all_notifications))
        .routes(routes!(read_notification))
        .routes(routes!(list_follows))
        .routes(routes!(show_notification_settings, set_notification_settings))
        .routes(routes!(follow_topic, unfollow_topic))
        .routes(routes!(follow_forum, unfollow_forum))
        .routes(routes!(follow_competition_forum, unfollow_competition_forum))
        .routes(routes!(follow_person, unfollow_person))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct NotificationJson {
    id: i64,
    event: Event,
    /// Why you are told.
    reason: Reason,
    /// In one sentence.
    sentence: String,
    address: String,
    /// The beginning of the text.
    excerpt: String,
    /// What a moderator says of it; the whole sentence of what is about a team.
    #[serde(skip_serializing_if = "String::is_empty")]
    words: String,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

impl From<Notification> for NotificationJson {
    fn from(told: Notification) -> Self {
        Self {
            sentence: told.sentence(),
            address: told.address(),
            id: told.id,
            event: told.event,
            reason: told.reason,
            excerpt: told.excerpt,
            words: told.words,
            created_at: told.created_at,
            read_at: told.read_at,
        }
    }
}

/// What you are told, newest first.
#[utoipa::path(
    get,
    path = paths::API_NOTIFICATIONS,
    tag = "Notifications",
    security(("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Notifications", body = Slice<NotificationJson>)),
)]
async fn list_notifications(
    State(app): State<App>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<NotificationJson>> {
    let member = caller.with(Scope::Read)?;
    let told =
        inbox::list(&mut *app.db.acquire().await?, member.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(told, |one| one.id).map(NotificationJson::from))
}

/// Mark all notifications as read.
#[utoipa::path(
    post,
    path = paths::API_NOTIFICATIONS_READ,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "All are read")),
)]
async fn read_all_notifications(State(app): State<App>, caller: ApiMember) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    inbox::mark_all_read(&mut *app.db.acquire().await?, member.id, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mark a notification as read.
#[utoipa::path(
    post,
    path = paths::API_NOTIFICATION_READ,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "It is read")),
)]
async fn read_notification(
    State(app): State<App>,
    Path(id): Path<i64>,
    caller: ApiMember,
) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let mut conn = app.db.acquire().await?;
    inbox::mark_read(&mut conn, member.id, id, app.clock.now()).await?.ok_or(AppError::NotFound)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct FollowJson {
    id: i64,
    /// `topic`, `notebook`, `forum` or `person`.
    kind: &'static str,
    words: String,
    address: String,
    followed_at: DateTime<Utc>,
}

impl From<Follow> for FollowJson {
    fn from(follow: Follow) -> Self {
        let Follow { id, kind, words, address, followed_at } = follow;
        Self { id, kind, words, address, followed_at }
    }
}

/// What you follow, newest first.
#[utoipa::path(
    get,
    path = paths::API_FOLLOWS,
    tag = "Notifications",
    security(("token" = ["read"])),
    params(Keyset),
    responses((status = 200, description = "Topics, forums and people", body = Slice<FollowJson>)),
)]
async fn list_follows(
    State(app): State<App>,
    ApiQuery(keyset): ApiQuery<Keyset>,
    caller: ApiMember,
) -> Result<Slice<FollowJson>> {
    let member = caller.with(Scope::Read)?;
    let follows =
        follows::list(&mut *app.db.acquire().await?, member.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(follows, |follow| follow.id).map(FollowJson::from))
}

#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NotificationSettingsJson {
    /// When letters are sent.
    mail: MailChoice,
}

/// When you get letters.
#[utoipa::path(
    get,
    path = paths::API_NOTIFICATION_SETTINGS,
    tag = "Notifications",
    security(("token" = ["read"])),
    responses((status = 200, description = "Your choice", body = NotificationSettingsJson)),
)]
async fn show_notification_settings(
    State(app): State<App>,
    caller: ApiMember,
) -> Result<Json<NotificationSettingsJson>> {
    let member = caller.with(Scope::Read)?;
    let mail = mail::choice(&mut *app.db.acquire().await?, member.id).await?;
    Ok(Json(NotificationSettingsJson { mail }))
}

/// Choose when you get letters.
#[utoipa::path(
    put,
    path = paths::API_NOTIFICATION_SETTINGS,
    tag = "Notifications",
    security(("token" = ["submit"])),
    request_body = NotificationSettingsJson,
    responses((status = 200, description = "Your choice", body = NotificationSettingsJson)),
)]
async fn set_notification_settings(
    State(app): State<App>,
    caller: ApiMember,
    body: Result<ApiJson<NotificationSettingsJson>>,
) -> Result<Json<NotificationSettingsJson>> {
    let member = caller.with(Scope::Submit)?;
    let ApiJson(asked) = body?;
    choose_mail(&app, member.id, asked.mail).await?;
    Ok(Json(asked))
}

async fn set_topic(app: &App, id: TopicId, caller: ApiMember, is_following: bool) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = see_topic(app, id, Some(&member)).await?;
    follow::set(app, &member, Target::Subject(seen.subject.id), is_following).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Follow a topic.
#[utoipa::path(
    put,
    path = paths::API_TOPIC_FOLLOW,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "You are told what is written in it")),
)]
async fn follow_topic(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    caller: ApiMember,
) -> Result<StatusCode> {
    set_topic(&app, id, caller, true).await
}

/// Do not follow a topic any more.
#[utoipa::path(
    delete,
    path = paths::API_TOPIC_FOLLOW,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "You are not told any more")),
)]
async fn unfollow_topic(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    caller: ApiMember,
) -> Result<StatusCode> {
    set_topic(&app, id, caller, false).await
}

async fn set_forum(app: &App, name: &str, caller: ApiMember, is_following: bool) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = forums::see_general(app, name, Some(&member)).await?;
    follow::set(app, &member, Target::Forum(seen.forum.id), is_following).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Follow a forum.
#[utoipa::path(
    put,
    path = paths::API_FORUM_FOLLOW,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "You are told of its new topics")),
)]
async fn follow_forum(
    State(app): State<App>,
    Path(forum): Path<String>,
    caller: ApiMember,
) -> Result<StatusCode> {
    set_forum(&app, &forum, caller, true).await
}

/// Do not follow a forum any more.
#[utoipa::path(
    delete,
    path = paths::API_FORUM_FOLLOW,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "You are not told any more")),
)]
async fn unfollow_forum(
    State(app): State<App>,
    Path(forum): Path<String>,
    caller: ApiMember,
) -> Result<StatusCode> {
    set_forum(&app, &forum, caller, false).await
}

async fn set_competition(app: &App, slug: &str, caller: ApiMember, is_following: bool) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let seen = forums::see_of_competition(app, slug, Some(&member)).await?;
    follow::set(app, &member, Target::Forum(seen.forum.id), is_following).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Follow a competition's forum.
#[utoipa::path(
    put,
    path = paths::API_COMPETITION_FORUM_FOLLOW,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "You are told of its new topics")),
)]
async fn follow_competition_forum(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<StatusCode> {
    set_competition(&app, &slug, caller, true).await
}

/// Do not follow a competition's forum any more.
#[utoipa::path(
    delete,
    path = paths::API_COMPETITION_FORUM_FOLLOW,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "You are not told any more")),
)]
async fn unfollow_competition_forum(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<StatusCode> {
    set_competition(&app, &slug, caller, false).await
}

async fn set_person(app: &App, username: &str, caller: ApiMember, is_following: bool) -> Result<StatusCode> {
    let member = caller.with(Scope::Submit)?;
    let person = find_person(app, username).await?;
    follow::set(app, &member, Target::Person(person), is_following).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Follow a person.
#[utoipa::path(
    put,
    path = paths::API_USER_FOLLOW,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "You are told what this person writes")),
)]
async fn follow_person(
    State(app): State<App>,
    Path(username): Path<String>,
    caller: ApiMember,
) -> Result<StatusCode> {
    set_person(&app, &username, caller, true).await
}

/// Do not follow a person any more.
#[utoipa::path(
    delete,
    path = paths::API_USER_FOLLOW,
    tag = "Notifications",
    security(("token" = ["submit"])),
    responses((status = 204, description = "You are not told any more")),
)]
async fn unfollow_person(
    State(app): State<App>,
    Path(username): Path<String>,
    caller: ApiMember,
) -> Result<StatusCode> {
    set_person(&app, &username, caller, false).await
}
