//! The second factor in the browser. The secret is on the page that waits for the first code, recovery codes are on
//! the one page that answers their making; neither is kept by the browser.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;

use crate::accounts::client::Client;
use crate::accounts::forms::FormErrors;
use crate::accounts::model::Member;
use crate::accounts::two_factors::requirement;
use crate::accounts::two_factors::set_up::{self, Offer, Standing};
use crate::accounts::two_factors::totp::Secret;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::redirect_saying;
use crate::web::routing::{get, post};
use crate::web::shell::Shell;

const NEVER_KEPT: [(HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::SETTINGS_TWO_FACTORS, get(show_two_factors))
        .route(paths::SETTINGS_TWO_FACTORS_BEGIN, post(post_begin))
        .route(paths::SETTINGS_TWO_FACTORS_CONFIRM, post(post_confirm))
        .route(paths::SETTINGS_TWO_FACTORS_CODES, post(post_codes))
        .route(paths::SETTINGS_TWO_FACTORS_END, post(post_end))
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/settings_two_factors.html")]
pub struct TwoFactorsPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub standing: Standing,
    /// Whether the site asks this person for it.
    pub is_asked: bool,
    /// Recovery codes just made.
    pub codes: Vec<String>,
    pub errors: FormErrors,
}

impl TwoFactorsPage {
    pub fn sample() -> Self {
        let offer = Offer::of("Holdout", "ada", &Secret(*b"12345678901234567890"));
        Self {
            shell: Shell::sample(),
            tab: paths::SETTINGS_TWO_FACTORS,
            standing: offer.map_or(Standing::Off, Standing::Begun),
            is_asked: true,
            codes: vec!["ABCDEF-ABCDEF-ABCDEF-ABCDEF".to_owned()],
            errors: FormErrors::from_error(AppError::field("code", "Wrong.")).unwrap_or_default(),
        }
    }
}

async fn page(app: &App, shell: Shell, member: &Member, errors: FormErrors) -> Result<TwoFactorsPage> {
    let standing = set_up::standing(app, member).await?;
    let is_asked = requirement::is_asked_of(app, member).await?;
    Ok(TwoFactorsPage {
        shell,
        tab: paths::SETTINGS_TWO_FACTORS,
        standing,
        is_asked,
        codes: Vec::new(),
        errors,
    })
}

async fn show_two_factors(
    State(app): State<App>,
    shell: Shell,
    SignedIn(member): SignedIn,
) -> Result<Response> {
    Ok((NEVER_KEPT, page(&app, shell, &member, FormErrors::default()).await?).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BeginForm {
    pub password: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    pub code: String,
}

async fn post_begin(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
    Form(form): Form<BeginForm>,
) -> Result<Response> {
    match set_up::begin(&app, &client, &member, form.password).await {
        Ok(_) => Ok(Redirect::to(paths::SETTINGS_TWO_FACTORS).into_response()),
        Err(error) => again(&app, shell, &member, error).await,
    }
}

async fn post_confirm(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
    Form(form): Form<CodeForm>,
) -> Result<Response> {
    match set_up::confirm(&app, &client, &member, &form.code).await {
        Ok(codes) => show_codes(&app, shell, &member, codes).await,
        Err(error) => again(&app, shell, &member, error).await,
    }
}

async fn post_codes(
    State(app): State<App>,
    shell: Shell,
    SignedIn(member): SignedIn,
    Form(form): Form<CodeForm>,
) -> Result<Response> {
    match set_up::renew_codes(&app, &member, &form.code).await {
        Ok(codes) => show_codes(&app, shell, &member, codes).await,
        Err(error) => again(&app, shell, &member, error).await,
    }
}

async fn post_end(
    State(app): State<App>,
    shell: Shell,
    SignedIn(member): SignedIn,
    Form(form): Form<CodeForm>,
) -> Result<Response> {
    match set_up::end(&app, &member, &form.code).await {
        Ok(()) => Ok(redirect_saying(paths::SETTINGS_TWO_FACTORS, "Two-factor sign-in is off.")),
        Err(error) => again(&app, shell, &member, error).await,
    }
}

async fn show_codes(app: &App, shell: Shell, member: &Member, codes: Vec<String>) -> Result<Response> {
    let page = page(app, shell, member, FormErrors::default()).await?;
    Ok((NEVER_KEPT, TwoFactorsPage { codes, ..page }).into_response())
}

async fn again(app: &App, shell: Shell, member: &Member, error: AppError) -> Result<Response> {
    let errors = FormErrors::from_error(error)?;
    Ok((NEVER_KEPT, errors.answer(page(app, shell, member, errors.clone()).await?)).into_response())
}
