//! Settings: profile, password, sessions.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;
use uuid::Uuid;

use crate::accounts::client::Client;
use crate::accounts::events::What;
use crate::accounts::forms::FormErrors;
use crate::accounts::model::Member;
use crate::accounts::password_changes::{self, Change};
use crate::accounts::profile::{self, Wish};
use crate::accounts::sign_in::{self, Shown};
use crate::accounts::store::events::Listed as Event;
use crate::accounts::store::sessions::Listed;
use crate::accounts::{sessions, store, two_factors};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::redirect_saying;
use crate::web::routing::{form, get, post};
use crate::web::shell::{self, Shell};

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::SETTINGS, form(show_profile, post_profile))
        .route(paths::SETTINGS_PASSWORD, form(show_password, post_password))
        .route(paths::SETTINGS_SESSIONS, get(show_sessions))
        .route(paths::SETTINGS_SESSION_END, post(post_session_end))
        .route(paths::SETTINGS_OTHER_SESSIONS_END, post(post_end_others))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProfileForm {
    pub display_name: String,
    pub bio: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/settings.html")]
pub struct SettingsPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub form: ProfileForm,
    pub errors: FormErrors,
}

impl SettingsPage {
    pub fn sample() -> Self {
        let form = ProfileForm { display_name: "Ada Lovelace".to_owned(), bio: "I count.".to_owned() };
        Self { shell: Shell::default(), tab: paths::SETTINGS, form, errors: FormErrors::default() }
    }
}

async fn show_profile(
    State(app): State<App>,
    shell: Shell,
    SignedIn(member): SignedIn,
) -> Result<SettingsPage> {
    let bio = {
        let mut conn = app.db.acquire().await?;
        store::users::bio(&mut conn, member.id).await?
    };
    let form = ProfileForm { display_name: member.display_name, bio };
    Ok(SettingsPage { shell, tab: paths::SETTINGS, form, errors: FormErrors::default() })
}

async fn post_profile(
    State(app): State<App>,
    shell: Shell,
    SignedIn(member): SignedIn,
    Form(form): Form<ProfileForm>,
) -> Result<Response> {
    let wish = Wish { display_name: Some(&form.display_name), bio: Some(&form.bio) };
    if let Err(errors) = profile::edit(&app, &member, wish, profile::whatever_stands).await? {
        return Ok(errors.answer(SettingsPage { shell, tab: paths::SETTINGS, form, errors: errors.clone() }));
    }
    Ok(redirect_saying(paths::SETTINGS, "Your profile is saved."))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    pub current: String,
    pub password: String,
    pub code: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/settings_password.html")]
pub struct PasswordPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub asks_for_code: bool,
    pub errors: FormErrors,
}

impl PasswordPage {
    pub fn sample() -> Self {
        let wrong = AppError::field("current", "This is not your current password.");
        let errors = FormErrors::from_error(wrong).unwrap_or_default();
        Self { shell: Shell::default(), tab: paths::SETTINGS_PASSWORD, asks_for_code: true, errors }
    }
}

async fn password_page(app: &App, shell: Shell, member: &Member, errors: FormErrors) -> Result<PasswordPage> {
    let asks_for_code = two_factors::store::has(&mut *app.db.acquire().await?, member.id).await?;
    Ok(PasswordPage { shell, tab: paths::SETTINGS_PASSWORD, asks_for_code, errors })
}

async fn show_password(
    State(app): State<App>,
    shell: Shell,
    SignedIn(member): SignedIn,
) -> Result<PasswordPage> {
    password_page(&app, shell, &member, FormErrors::default()).await
}

async fn post_password(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
    Form(form): Form<PasswordForm>,
) -> Result<Response> {
    let typed = Change { current: &form.current, wanted: &form.password, code: Some(&form.code) };
    match password_changes::change(&app, &client, &member, typed).await {
        Ok(secret) => {
            let sentence = "Your password has been changed, and your other sessions have been ended.";
            let cookie = secret.map(|secret| sessions::set_cookie(&secret));
            let cookies = AppendHeaders(cookie.into_iter().chain([shell::flash(sentence)]));
            Ok((cookies, Redirect::to(paths::SETTINGS_PASSWORD)).into_response())
        }
        Err(error) => {
            let errors = FormErrors::from_error(error)?;
            Ok(errors.answer(password_page(&app, shell, &member, errors.clone()).await?))
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/settings_sessions.html")]
pub struct SessionsPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub sessions: Vec<Listed>,
    /// What happened to the account, the newest first.
    pub events: Vec<Event>,
    pub asks_for_code: bool,
    pub errors: FormErrors,
}

/// What signing in takes, asked again.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShownForm {
    pub password: String,
    pub code: String,
}

impl ShownForm {
    fn shown(&self) -> Shown<'_> {
        Shown { password: self.password.clone(), code: Some(&self.code) }
    }
}

impl SessionsPage {
    pub fn sample() -> Self {
        let shell = Shell::default();
        let one = Listed {
            public_id: Uuid::nil(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64)".to_owned(),
            ip: "192.0.2.7".to_owned(),
            created_at: shell.now,
            last_seen_at: shell.now,
            is_this: true,
        };
        let other = Listed { is_this: false, user_agent: String::new(), ..one.clone() };
        let entered = Event {
            at: shell.now,
            what: What::SignedIn,
            detail: "The lab".to_owned(),
            place: "192.0.2.*".to_owned(),
            browser: "Firefox on Linux".to_owned(),
            n: 1,
        };
        let failed = Event { what: What::WrongPassword, detail: String::new(), n: 3, ..entered.clone() };
        Self {
            shell,
            tab: paths::SETTINGS_SESSIONS,
            sessions: vec![one, other],
            events: vec![entered, failed],
            asks_for_code: true,
            errors: FormErrors::default(),
        }
    }
}

async fn show_sessions(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
) -> Result<SessionsPage> {
    sessions_page(&app, shell, &client, &member, FormErrors::default()).await
}

async fn sessions_page(
    app: &App,
    shell: Shell,
    client: &Client,
    member: &Member,
    errors: FormErrors,
) -> Result<SessionsPage> {
    let mut conn = app.db.acquire().await?;
    let sessions = store::sessions::list(&mut conn, member.id, client.session, shell.now).await?;
    let events = store::events::list(&mut conn, member.id).await?;
    let asks_for_code = two_factors::store::has(&mut conn, member.id).await?;
    drop(conn);
    Ok(SessionsPage { shell, tab: paths::SETTINGS_SESSIONS, sessions, events, asks_for_code, errors })
}

async fn post_end_others(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
    Form(form): Form<ShownForm>,
) -> Result<Response> {
    let ended = sign_in::end_others(&app, &client, &member, form.shown()).await;
    let ended = ended.map(|_| "Your other sessions are ended.");
    after_ending(&app, shell, &client, &member, ended).await
}

async fn post_session_end(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
    Path(id): Path<Uuid>,
    Form(form): Form<ShownForm>,
) -> Result<Response> {
    let ended = sign_in::end_one(&app, &client, &member, id, form.shown()).await;
    after_ending(&app, shell, &client, &member, ended.map(|()| "The session is ended.")).await
}

async fn after_ending(
    app: &App,
    shell: Shell,
    client: &Client,
    member: &Member,
    ended: Result<&str>,
) -> Result<Response> {
    match ended {
        Ok(sentence) => Ok(redirect_saying(paths::SETTINGS_SESSIONS, sentence)),
        Err(error) => {
            let errors = FormErrors::from_error(error)?;
            Ok(errors.answer(sessions_page(app, shell, client, member, errors.clone()).await?))
        }
    }
}
