//! The entrance: register, sign in.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;

use crate::accounts::client::Client;
use crate::accounts::forms::FormErrors;
use crate::accounts::pages::local_path;
use crate::accounts::providers::offered::{Offered, offered};
use crate::accounts::register::{self, Registered, Registration};
use crate::accounts::sign_in::{self, Entered};
use crate::accounts::{sessions, two_factors::challenge};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::site::model::Registration as Who;
use crate::web::cookies;
use crate::web::forms::redirect_saying;
use crate::web::problems::encode;
use crate::web::routing::form;
use crate::web::shell::{self, Shell};

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::REGISTER, form(show_register, post_register))
        .route(paths::SIGN_IN, form(show_sign_in, post_sign_in))
        .route(paths::SIGN_IN_CODE, form(show_code, post_code))
}

#[derive(Debug, Default, Deserialize)]
pub struct NextQuery {
    #[serde(default)]
    pub next: String,
    /// There where a form of somebody who was not signed in led here.
    pub unsent: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RegisterForm {
    pub username: String,
    pub email: String,
    pub password: String,
    pub next: String,
    /// The version of the terms of use that stood beside the box; a box that is not checked is not sent.
    pub accepts_terms: Option<String>,
}

impl RegisterForm {
    /// The version that is accepted. What is no number is no version either.
    fn accepted(&self) -> Option<i32> {
        self.accepts_terms.as_deref().map(|version| version.parse().unwrap_or_default())
    }

    /// Whether the box beside this version was checked.
    pub fn accepts(&self, version: &i32) -> bool {
        self.accepted() == Some(*version)
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/register.html")]
pub struct RegisterPage {
    pub shell: Shell,
    pub form: RegisterForm,
    pub errors: FormErrors,
    /// Where the form goes.
    pub action: String,
    /// Who may register.
    pub who: Who,
    /// Where addresses decide.
    pub domains: Vec<String>,
    /// Who else signs people in.
    pub offered: Vec<Offered>,
    /// Whether the account becomes an administrator.
    pub makes_admin: bool,
}

impl RegisterPage {
    pub fn sample() -> Self {
        let errors = Registration::check("Holdout", "Ada Lovelace", "ada@example.org", "short").err();
        Self {
            shell: Shell::default(),
            form: RegisterForm { username: "Ada Lovelace".to_owned(), ..RegisterForm::default() },
            errors: errors.unwrap_or_default(),
            action: paths::REGISTER.to_owned(),
            who: Who::Addresses,
            domains: vec!["uni.example".to_owned(), "lab.example".to_owned()],
            offered: Vec::new(),
            makes_admin: false,
        }
    }
}

fn register_page(app: &App, shell: Shell, form: RegisterForm, errors: FormErrors) -> RegisterPage {
    let site = app.site.get();
    RegisterPage {
        shell,
        form,
        errors,
        action: paths::REGISTER.to_owned(),
        who: site.registration,
        domains: site.registration_domains.clone(),
        offered: offered(app),
        makes_admin: false,
    }
}

async fn show_register(State(app): State<App>, shell: Shell, Query(query): Query<NextQuery>) -> Response {
    if shell.viewer.is_some() {
        return Redirect::to(local_path(&query.next)).into_response();
    }
    let form = RegisterForm { next: query.next, ..RegisterForm::default() };
    register_page(&app, shell, form, FormErrors::default()).into_response()
}

async fn post_register(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    Form(form): Form<RegisterForm>,
) -> Result<Response> {
    let shell = shell.leading_to(&form.next);
    let site = app.site.get();
    let checked = Registration::check(&site.name, &form.username, &form.email, &form.password)
        .and_then(|registration| registration.under(site.texts.terms, form.accepted()));
    let outcome = match checked {
        Ok(registration) => register::register(&app, &client, registration).await,
        Err(errors) => return Ok(errors.answer(register_page(&app, shell, form, errors.clone()))),
    };
    match outcome {
        Ok(Registered::Mailed) => {
            let address = format!("{}?next={}", paths::SIGN_IN, encode(local_path(&form.next)));
            Ok(redirect_saying(&address, register::MAILED))
        }
        Ok(Registered::In(secret)) => {
            let sentence = format!("Welcome to {}, {}.", app.site.get().name, form.username.trim());
            Ok(enter(&secret, &form.next, &sentence))
        }
        Err(error) => {
            let errors = FormErrors::from_error(error)?;
            Ok(errors.answer(register_page(&app, shell, form, errors.clone())))
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SignInForm {
    pub login: String,
    pub password: String,
    pub next: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/sign_in.html")]
pub struct SignInPage {
    pub shell: Shell,
    pub form: SignInForm,
    /// Whether what they sent was not taken, as nobody was signed in.
    pub is_unsent: bool,
    /// Who else signs people in.
    pub offered: Vec<Offered>,
    pub errors: FormErrors,
}

impl SignInPage {
    pub fn sample() -> Self {
        let wrong = AppError::field("password", "No account has this name and this password.");
        Self {
            shell: Shell::default(),
            form: SignInForm { login: "ada".to_owned(), ..SignInForm::default() },
            is_unsent: true,
            offered: vec![Offered { name: "lab".to_owned(), title: "The lab".to_owned(), is_linked: false }],
            errors: FormErrors::from_error(wrong).unwrap_or_default(),
        }
    }
}

async fn show_sign_in(State(app): State<App>, shell: Shell, Query(query): Query<NextQuery>) -> Response {
    if shell.viewer.is_some() {
        return Redirect::to(local_path(&query.next)).into_response();
    }
    let is_unsent = query.unsent.is_some();
    let form = SignInForm { next: query.next, ..SignInForm::default() };
    SignInPage { shell, form, is_unsent, offered: offered(&app), errors: FormErrors::default() }
        .into_response()
}

async fn post_sign_in(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    Form(form): Form<SignInForm>,
) -> Result<Response> {
    let shell = shell.leading_to(&form.next);
    match sign_in::sign_in(&app, &client, &form.login, form.password.clone()).await {
        Ok(entered) => Ok(enter_with(&entered, &form.next)),
        Err(error) => {
            let errors = FormErrors::from_error(error)?;
            let page =
                SignInPage { shell, form, is_unsent: false, offered: offered(&app), errors: errors.clone() };
            Ok(errors.answer(page))
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    pub code: String,
    pub next: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/sign_in_code.html")]
pub struct CodePage {
    pub shell: Shell,
    pub next: String,
    pub errors: FormErrors,
}

impl CodePage {
    pub fn sample() -> Self {
        let wrong = AppError::field("code", "This code is not correct.");
        let errors = FormErrors::from_error(wrong).unwrap_or_default();
        Self { shell: Shell::default(), next: paths::HOME.to_owned(), errors }
    }
}

async fn show_code(
    State(app): State<App>,
    shell: Shell,
    headers: HeaderMap,
    Query(query): Query<NextQuery>,
) -> Response {
    match cookies::read(&app.config, &headers, challenge::COOKIE) {
        Some(_) => CodePage { shell, next: query.next, errors: FormErrors::default() }.into_response(),
        None => Redirect::to(paths::SIGN_IN).into_response(),
    }
}

async fn post_code(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    headers: HeaderMap,
    Form(form): Form<CodeForm>,
) -> Result<Response> {
    let Some(secret) = cookies::read(&app.config, &headers, challenge::COOKIE) else {
        return Ok(Redirect::to(paths::SIGN_IN).into_response());
    };
    match challenge::answer(&app, &client, secret, &form.code).await {
        Ok(session) => {
            let over = axum::response::AppendHeaders([challenge::clear_cookie()]);
            Ok((over, enter(&session, &form.next, "You are signed in.")).into_response())
        }
        Err(AppError::SignIn) => {
            let sentence = "Enter your password again: after it, you have ten minutes and five attempts to enter a \
            code.";
            let headers = axum::response::AppendHeaders([challenge::clear_cookie(), shell::flash(sentence)]);
            Ok((headers, Redirect::to(paths::SIGN_IN)).into_response())
        }
        Err(error) => {
            let errors = FormErrors::from_error(error)?;
            Ok(errors.answer(CodePage { shell, next: form.next, errors: errors.clone() }))
        }
    }
}

/// Leads on, or to where a code is asked for.
pub(super) fn enter_with(entered: &Entered, next: &str) -> Response {
    match entered {
        Entered::In(secret) => enter(secret, next, "You are signed in."),
        Entered::AsksForCode(secret) => {
            let next = encode(local_path(next));
            let address = format!("{}?next={next}", paths::SIGN_IN_CODE);
            ([challenge::set_cookie(secret)], Redirect::to(&address)).into_response()
        }
    }
}

/// Gives the session to the browser and leads on.
pub(super) fn enter(secret: &str, next: &str, sentence: &str) -> Response {
    let headers = axum::response::AppendHeaders([sessions::set_cookie(secret), shell::flash(sentence)]);
    (headers, Redirect::to(local_path(next))).into_response()
}
