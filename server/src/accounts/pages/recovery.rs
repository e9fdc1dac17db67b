//! Forgotten passwords: asking for a link, and setting a new password with it.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Router};
use serde::Deserialize;

use crate::accounts::client::Client;
use crate::accounts::forms::FormErrors;
use crate::accounts::password_changes;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::forms::redirect_saying;
use crate::web::routing::form;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::FORGOT_PASSWORD, form(show_forgot, post_forgot))
        .route(paths::RESET_PASSWORD, form(show_reset, post_reset))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ForgotForm {
    pub login: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/forgot_password.html")]
pub struct ForgotPasswordPage {
    pub shell: Shell,
    pub form: ForgotForm,
    pub errors: FormErrors,
    /// Whether the answer is shown in place of the form.
    pub is_answered: bool,
    /// Whether letters leave this installation by themselves.
    pub sends_mail: bool,
}

impl ForgotPasswordPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::default(),
            form: ForgotForm { login: "ada".to_owned() },
            errors: FormErrors::default(),
            is_answered: true,
            sends_mail: false,
        }
    }
}

fn forgot_page(app: &App, shell: Shell, form: ForgotForm, errors: FormErrors) -> ForgotPasswordPage {
    let sends_mail = app.config.smtp.is_some();
    ForgotPasswordPage { shell, form, errors, is_answered: false, sends_mail }
}

async fn show_forgot(State(app): State<App>, shell: Shell) -> ForgotPasswordPage {
    forgot_page(&app, shell, ForgotForm::default(), FormErrors::default())
}

async fn post_forgot(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    Form(form): Form<ForgotForm>,
) -> Result<Response> {
    match password_changes::request_reset(&app, &client, &form.login).await {
        Ok(()) => {
            let page = forgot_page(&app, shell, form, FormErrors::default());
            Ok(ForgotPasswordPage { is_answered: true, ..page }.into_response())
        }
        Err(error) => {
            let errors = FormErrors::from_error(error)?;
            Ok(errors.answer(forgot_page(&app, shell, form, errors.clone())))
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ResetForm {
    pub password: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/reset_password.html")]
pub struct ResetPasswordPage {
    pub shell: Shell,
    pub action: String,
    pub errors: FormErrors,
}

impl ResetPasswordPage {
    pub fn sample() -> Self {
        let wrong = AppError::field("password", "Use at least 10 characters.");
        Self {
            shell: Shell::default(),
            action: paths::reset_password("token"),
            errors: FormErrors::from_error(wrong).unwrap_or_default(),
        }
    }
}

async fn show_reset(
    State(app): State<App>,
    shell: Shell,
    Path(token): Path<String>,
) -> Result<ResetPasswordPage> {
    password_changes::check_reset_link(&app, &token).await?;
    Ok(ResetPasswordPage { shell, action: paths::reset_password(&token), errors: FormErrors::default() })
}

async fn post_reset(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    Path(token): Path<String>,
    Form(form): Form<ResetForm>,
) -> Result<Response> {
    match password_changes::reset(&app, &client, &token, &form.password).await {
        Ok(also_ended) => {
            let sentence = format!("Your password has been set. Sign in with it.{}", also_ended.sentence());
            Ok(redirect_saying(paths::SIGN_IN, &sentence))
        }
        Err(error @ AppError::Field { .. }) => {
            let errors = FormErrors::from_error(error)?;
            let action = paths::reset_password(&token);
            Ok(errors.answer(ResetPasswordPage { shell, action, errors: errors.clone() }))
        }
        Err(other) => Err(other),
    }
}
