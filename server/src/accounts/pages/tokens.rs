//! API tokens in the browser. A token's text is on one page, once: it goes there in a cookie of this server that lives for
//! a minute and is taken away as the page is drawn, so that it stands in no address, no log and no cache, and a reload of
//! the page makes nothing.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;

use crate::accounts::forms::FormErrors;
use crate::accounts::model::{Member, Scope};
use crate::accounts::store::tokens::Listed;
use crate::accounts::tokens::{self, Wish};
use crate::accounts::{store, two_factors};
use crate::app::App;
use crate::error::Result;
use crate::ids::TokenId;
use crate::paths;
use crate::web::cookies;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::redirect_saying;
use crate::web::routing::{form, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::SETTINGS_TOKENS, form(show_tokens, post_token))
        .route(paths::SETTINGS_TOKEN_REVOKE, post(post_revoke))
}

/// Carries the text of a token just made to the page that shows it.
const MADE: &str = "holdout_made";
const MADE_SECONDS: i64 = 60;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TokenForm {
    pub name: String,
    pub read: String,
    pub submit: String,
    pub host: String,
    pub admin: String,
    /// Days until it ends; empty: never.
    pub days: String,
    pub code: String,
}

impl TokenForm {
    fn proposed() -> Self {
        let on = || "on".to_owned();
        Self { read: on(), submit: on(), days: "90".to_owned(), ..Self::default() }
    }

    pub fn has(&self, scope: &Scope) -> bool {
        let field = match scope {
            Scope::Read => &self.read,
            Scope::Submit => &self.submit,
            Scope::Host => &self.host,
            Scope::Admin => &self.admin,
        };
        !field.is_empty()
    }

    fn wish(&self, owner: &Member, now: chrono::DateTime<chrono::Utc>) -> Result<Wish, FormErrors> {
        let chosen = Scope::ALL.into_iter().filter(|scope| self.has(scope));
        let scopes: Vec<String> = chosen.map(|scope| scope.name().to_owned()).collect();
        let days = if self.days.is_empty() { None } else { Some(self.days.parse().unwrap_or(0)) };
        Wish::check(&self.name, &scopes, days, owner, now)
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/settings_tokens.html")]
pub struct TokensPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub form: TokenForm,
    pub errors: FormErrors,
    /// What this person's tokens may be allowed.
    pub scopes: Vec<Scope>,
    pub tokens: Vec<Listed>,
    /// How this installation is reached; for the clients that need to be told.
    pub server: String,
    pub asks_for_code: bool,
    /// The text of the token just made.
    pub made: Option<String>,
}

impl TokensPage {
    pub fn sample() -> Self {
        let shell = Shell::default();
        let token = Listed {
            id: TokenId(1),
            name: "laptop".to_owned(),
            hint: "hld_Ab3dE9".to_owned(),
            scopes: vec!["read".to_owned(), "submit".to_owned()],
            created_at: shell.now,
            expires_at: Some(shell.now),
            last_used_at: None,
        };
        Self {
            tab: paths::SETTINGS_TOKENS,
            form: TokenForm::proposed(),
            errors: FormErrors::default(),
            scopes: Scope::ALL.to_vec(),
            tokens: vec![token],
            server: "https://holdout.example".to_owned(),
            asks_for_code: true,
            made: Some("hld_Ab3dE9".to_owned()),
            shell,
        }
    }
}

async fn tokens_page(app: &App, shell: Shell, form: TokenForm, errors: FormErrors) -> Result<TokensPage> {
    let member = shell.member()?;
    let is_offered = |scope: &Scope| *scope != Scope::Admin || member.is_admin;
    let scopes = Scope::ALL.into_iter().filter(is_offered).collect();
    let (tokens, asks_for_code) = {
        let mut conn = app.db.acquire().await?;
        let tokens = store::tokens::list(&mut conn, member.id).await?;
        (tokens, two_factors::store::has(&mut conn, member.id).await?)
    };
    let server = app.config.public_url.clone();
    let tab = paths::SETTINGS_TOKENS;
    Ok(TokensPage { tab, form, errors, scopes, tokens, server, asks_for_code, made: None, shell })
}

async fn show_tokens(State(app): State<App>, shell: Shell, headers: HeaderMap) -> Result<Response> {
    let page = tokens_page(&app, shell, TokenForm::proposed(), FormErrors::default()).await?;
    let made = cookies::read(&app.config, &headers, MADE).filter(|text| tokens::looks_like_one(text));
    let Some(made) = made.map(ToOwned::to_owned) else { return Ok(page.into_response()) };
    let never_kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let gone = [cookies::set(MADE, "", 0)];
    Ok((never_kept, gone, TokensPage { made: Some(made), ..page }).into_response())
}

async fn post_token(
    State(app): State<App>,
    shell: Shell,
    SignedIn(member): SignedIn,
    Form(form): Form<TokenForm>,
) -> Result<Response> {
    let outcome = match form.wish(&member, shell.now) {
        Ok(wish) => tokens::create_with_code(&app, member.id, &wish, Some(&form.code)).await,
        Err(errors) => return Ok(errors.answer(tokens_page(&app, shell, form, errors.clone()).await?)),
    };
    match outcome {
        Ok(made) => {
            let shown_once = [cookies::set(MADE, &made.text, MADE_SECONDS)];
            Ok((shown_once, Redirect::to(paths::SETTINGS_TOKENS)).into_response())
        }
        Err(error) => {
            let errors = FormErrors::from_error(error)?;
            Ok(errors.answer(tokens_page(&app, shell, form, errors.clone()).await?))
        }
    }
}

async fn post_revoke(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    Path(id): Path<TokenId>,
) -> Result<Response> {
    tokens::revoke(&app, member.id, id).await?;
    Ok(redirect_saying(paths::SETTINGS_TOKENS, "The token is revoked."))
}
