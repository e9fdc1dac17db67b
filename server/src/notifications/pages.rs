//! Notifications as pages: the list, following, the settings, and the way out of a letter.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::{Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;
use uuid::Uuid;

use crate::accounts::model::Member;
use crate::accounts::store::profiles;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::forums;
use crate::forum::subjects::see_topic;
use crate::ids::{TopicId, UserId};
use crate::notifications::follow;
use crate::notifications::model::{Follow, MailChoice, Notification, Target};
use crate::notifications::store::{follows, inbox, mail};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::redirect_saying;
use crate::web::routing::{form, get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::NOTIFICATIONS, get(show_notifications))
        .route(paths::NOTIFICATIONS_READ, post(post_all_read))
        .route(paths::NOTIFICATION, post(post_open))
        .route(paths::TOPIC_FOLLOW, post(post_follow_topic))
        .route(paths::FORUM_FOLLOW, post(post_follow_forum))
        .route(paths::COMPETITION_FORUM_FOLLOW, post(post_follow_competition_forum))
        .route(paths::PROFILE_FOLLOW, post(post_follow_person))
        .route(paths::SETTINGS_NOTIFICATIONS, form(show_settings, post_settings))
        .route(paths::UNSUBSCRIBE, form(show_unsubscribe, post_unsubscribe))
}

#[derive(Template, WebTemplate)]
#[template(path = "notifications/notifications.html")]
pub struct NotificationsPage {
    pub shell: Shell,
    pub told: Slice<Notification>,
}

impl NotificationsPage {
    pub fn sample() -> Self {
        let read = Notification { read_at: Some(chrono::DateTime::UNIX_EPOCH), ..Notification::sample() };
        let told = Slice { items: vec![Notification::sample(), read], next: Some(1) };
        Self { shell: Shell::sample(), told }
    }
}

async fn show_notifications(
    State(app): State<App>,
    Query(keyset): Query<Keyset>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<NotificationsPage> {
    let told =
        inbox::list(&mut *app.db.acquire().await?, member.id, keyset.before(), keyset.fetched()).await?;
    Ok(NotificationsPage { shell, told: keyset.slice(told, |one| one.id) })
}

async fn post_all_read(State(app): State<App>, SignedIn(member): SignedIn) -> Result<Redirect> {
    inbox::mark_all_read(&mut *app.db.acquire().await?, member.id, app.clock.now()).await?;
    Ok(Redirect::to(paths::NOTIFICATIONS))
}

/// Marks one as read, and leads to what it is about.
async fn post_open(
    State(app): State<App>,
    Path(id): Path<i64>,
    SignedIn(member): SignedIn,
) -> Result<Redirect> {
    let mut conn = app.db.acquire().await?;
    let place = inbox::mark_read(&mut conn, member.id, id, app.clock.now()).await?;
    Ok(Redirect::to(&place.ok_or(AppError::NotFound)?.address()))
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct FollowForm {
    /// `yes`, or anything else for no.
    #[serde(default)]
    on: String,
}

/// Follows or not, and goes back.
/// Begins or ends following, and goes back to `address`.
pub(crate) async fn answer(
    app: &App,
    member: &Member,
    target: Target,
    form: &FollowForm,
    address: &str,
) -> Result<Response> {
    let is_following = form.on == "yes";
    follow::set(app, member, target, is_following).await?;
    let sentence = if is_following {
        "You will be notified of what happens here."
    } else {
        "You will no longer be notified."
    };
    Ok(redirect_saying(address, sentence))
}

async fn post_follow_topic(
    State(app): State<App>,
    Path(id): Path<TopicId>,
    SignedIn(member): SignedIn,
    Form(form): Form<FollowForm>,
) -> Result<Response> {
    let seen = see_topic(&app, id, Some(&member)).await?;
    answer(&app, &member, Target::Subject(seen.subject.id), &form, &paths::topic(id)).await
}

async fn post_follow_forum(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    Form(form): Form<FollowForm>,
) -> Result<Response> {
    let seen = forums::see_general(&app, &slug, Some(&member)).await?;
    answer(&app, &member, Target::Forum(seen.forum.id), &form, &paths::forum(&slug)).await
}

async fn post_follow_competition_forum(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    Form(form): Form<FollowForm>,
) -> Result<Response> {
    let seen = forums::see_of_competition(&app, &slug, Some(&member)).await?;
    answer(&app, &member, Target::Forum(seen.forum.id), &form, &paths::competition_forum(&slug)).await
}

async fn post_follow_person(
    State(app): State<App>,
    Path(username): Path<String>,
    SignedIn(member): SignedIn,
    Form(form): Form<FollowForm>,
) -> Result<Response> {
    let person = find_person(&app, &username).await?;
    answer(&app, &member, Target::Person(person), &form, &paths::profile(&username)).await
}

/// # Errors
/// [`AppError::NotFound`] where nobody has this name.
pub(super) async fn find_person(app: &App, username: &str) -> Result<UserId> {
    let found = profiles::find(&mut *app.db.acquire().await?, username).await?;
    Ok(found.ok_or(AppError::NotFound)?.id)
}

#[derive(Template, WebTemplate)]
#[template(path = "notifications/settings.html")]
pub struct SettingsPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub choice: MailChoice,
    pub follows: Slice<Follow>,
}

impl SettingsPage {
    pub fn sample() -> Self {
        let follows = Slice { items: vec![Follow::sample()], next: Some(1) };
        let choice = MailChoice::Daily;
        Self { shell: Shell::sample(), tab: paths::SETTINGS_NOTIFICATIONS, choice, follows }
    }
}

async fn show_settings(
    State(app): State<App>,
    Query(keyset): Query<Keyset>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<SettingsPage> {
    let mut conn = app.db.acquire().await?;
    let choice = mail::choice(&mut conn, member.id).await?;
    let follows = follows::list(&mut conn, member.id, keyset.before(), keyset.fetched()).await?;
    drop(conn);
    let follows = keyset.slice(follows, |follow| follow.id);
    Ok(SettingsPage { shell, tab: paths::SETTINGS_NOTIFICATIONS, choice, follows })
}

#[derive(Debug, Deserialize)]
struct SettingsForm {
    mail: MailChoice,
}

async fn post_settings(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    Form(form): Form<SettingsForm>,
) -> Result<Response> {
    choose_mail(&app, member.id, form.mail).await?;
    Ok(redirect_saying(paths::SETTINGS_NOTIFICATIONS, "Your choice has been saved."))
}

/// Sets when somebody gets letters.
///
/// # Errors
/// Those of the database.
pub(super) async fn choose_mail(app: &App, user: UserId, choice: MailChoice) -> Result<()> {
    let mut tx = app.db.begin().await?;
    mail::choose(&mut tx, user, choice, choice.due_at(app.clock.now())).await?;
    tx.commit().await?;
    Ok(())
}

#[derive(Template, WebTemplate)]
#[template(path = "notifications/unsubscribe.html")]
pub struct UnsubscribePage {
    pub shell: Shell,
    pub token: Uuid,
    pub is_done: bool,
}

impl UnsubscribePage {
    pub fn sample() -> Self {
        Self { shell: Shell::default(), token: Uuid::nil(), is_done: false }
    }
}

async fn find_by_token(app: &App, token: &str) -> Result<(UserId, Uuid)> {
    let token = Uuid::try_parse(token).map_err(|_| AppError::NotFound)?;
    let user = mail::find_by_token(&mut *app.db.acquire().await?, token).await?;
    Ok((user.ok_or(AppError::NotFound)?, token))
}

async fn show_unsubscribe(
    State(app): State<App>,
    Path(token): Path<String>,
    shell: Shell,
) -> Result<UnsubscribePage> {
    let (_, token) = find_by_token(&app, &token).await?;
    Ok(UnsubscribePage { shell, token, is_done: false })
}

/// The button of the page, and what mail programs send by themselves (RFC 8058): no session is needed.
async fn post_unsubscribe(
    State(app): State<App>,
    Path(token): Path<String>,
    shell: Shell,
) -> Result<UnsubscribePage> {
    let (user, token) = find_by_token(&app, &token).await?;
    choose_mail(&app, user, MailChoice::Never).await?;
    Ok(UnsubscribePage { shell, token, is_done: true })
}
