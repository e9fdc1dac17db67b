//! Somebody's e-mail address in the settings, and the page behind a link that confirms one.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;

use crate::accounts::addresses::change::{self, Wish};
use crate::accounts::addresses::confirm;
use crate::accounts::addresses::store::{self, Standing};
use crate::accounts::client::Client;
use crate::accounts::forms::FormErrors;
use crate::accounts::model::Member;
use crate::accounts::store::links::Confirmation;
use crate::accounts::{providers, sessions, two_factors};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::redirect_saying;
use crate::web::routing::{form, post};
use crate::web::shell::{self, Shell};

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::SETTINGS_EMAIL, form(show_address, post_change))
        .route(paths::SETTINGS_EMAIL_LETTER, post(post_letter))
        .route(paths::SETTINGS_EMAIL_WITHDRAW, post(post_withdraw))
        .route(paths::CONFIRM_EMAIL, form(show_link, post_link))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AddressForm {
    pub email: String,
    pub password: String,
    pub code: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/settings_email.html")]
pub struct AddressPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub standing: Standing,
    /// What was typed as the new address.
    pub typed: String,
    pub has_password: bool,
    pub asks_for_code: bool,
    /// Whether letters leave this installation by themselves.
    pub sends_mail: bool,
    pub errors: FormErrors,
}

impl AddressPage {
    pub fn sample() -> Self {
        let shell = Shell::sample();
        let standing = Standing {
            email: "ada@example.org".to_owned(),
            confirmed_at: None,
            pending: Some("ada@example.net".to_owned()),
            pending_until: Some(shell.now),
        };
        let wrong = AppError::field("email", "This is already your address.");
        Self {
            shell,
            tab: paths::SETTINGS_EMAIL,
            standing,
            typed: "ada@example.org".to_owned(),
            has_password: true,
            asks_for_code: true,
            sends_mail: false,
            errors: FormErrors::from_error(wrong).unwrap_or_default(),
        }
    }
}

async fn page(
    app: &App,
    shell: Shell,
    member: &Member,
    typed: String,
    errors: FormErrors,
) -> Result<AddressPage> {
    let mut conn = app.db.acquire().await?;
    let standing = store::standing(&mut conn, member.id, shell.now).await?;
    let has_password = providers::store::has_password(&mut conn, member.id).await?;
    let asks_for_code = two_factors::store::has(&mut conn, member.id).await?;
    drop(conn);
    let (tab, sends_mail) = (paths::SETTINGS_EMAIL, app.config.smtp.is_some());
    Ok(AddressPage { shell, tab, standing, typed, has_password, asks_for_code, sends_mail, errors })
}

async fn show_address(
    State(app): State<App>,
    shell: Shell,
    SignedIn(member): SignedIn,
) -> Result<AddressPage> {
    page(&app, shell, &member, String::new(), FormErrors::default()).await
}

async fn post_change(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
    Form(form): Form<AddressForm>,
) -> Result<Response> {
    let wish = Wish { email: &form.email, password: &form.password, code: Some(&form.code) };
    let asked = change::ask(&app, &client, &member, wish).await;
    let sentence = "We have sent an email with a link to the new address.";
    answer(&app, shell, &member, form.email, asked, sentence).await
}

async fn post_letter(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
) -> Result<Response> {
    let sent = confirm::send_again(&app, &client, &member).await;
    let sentence = "We have sent another email. The link in the previous one no longer works.";
    answer(&app, shell, &member, String::new(), sent, sentence).await
}

async fn post_withdraw(
    State(app): State<App>,
    client: Client,
    SignedIn(member): SignedIn,
) -> Result<Response> {
    change::withdraw(&app, &client, &member).await?;
    Ok(redirect_saying(paths::SETTINGS_EMAIL, "Your address was not changed."))
}

/// Back to the page with a sentence, or the page with what is wrong.
async fn answer(
    app: &App,
    shell: Shell,
    member: &Member,
    typed: String,
    outcome: Result<()>,
    sentence: &str,
) -> Result<Response> {
    match outcome {
        Ok(()) => Ok(redirect_saying(paths::SETTINGS_EMAIL, sentence)),
        Err(error) => {
            let errors = FormErrors::from_error(error)?;
            Ok(errors.answer(page(app, shell, member, typed, errors.clone()).await?))
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/confirm_email.html")]
pub struct ConfirmPage {
    pub shell: Shell,
    pub action: String,
    pub confirmation: Confirmation,
}

impl ConfirmPage {
    pub fn sample() -> Self {
        let confirmation = Confirmation {
            user_id: UserId(1),
            username: "ada".to_owned(),
            email: "ada@example.org".to_owned(),
            is_change: true,
        };
        Self { shell: Shell::default(), action: paths::confirm_email("token"), confirmation }
    }
}

/// Changes nothing: whoever reads mail for a person looks at its links.
async fn show_link(State(app): State<App>, shell: Shell, Path(token): Path<String>) -> Result<ConfirmPage> {
    let confirmation = confirm::look(&app, &token).await?;
    Ok(ConfirmPage { shell, action: paths::confirm_email(&token), confirmation })
}

async fn post_link(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    Path(token): Path<String>,
) -> Result<Response> {
    let confirmed = confirm::confirm(&app, &client, &token).await?;
    let sentence = shell::flash(&format!("{} is confirmed.", confirmed.email));
    let cookie = confirmed.session.map(|secret| sessions::set_cookie(&secret));
    let leads_to = if shell.viewer.is_some() { paths::SETTINGS_EMAIL } else { paths::SIGN_IN };
    let cookies = AppendHeaders(cookie.into_iter().chain([sentence]));
    Ok((cookies, Redirect::to(leads_to)).into_response())
}
