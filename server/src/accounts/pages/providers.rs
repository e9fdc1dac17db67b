//! Signing in at somebody else's, and what is linked: in the browser, which alone can be led there.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::{Form, Router};
use serde::Deserialize;

use crate::accounts::client::Client;
use crate::accounts::forms::FormErrors;
use crate::accounts::model::Member;
use crate::accounts::pages::entrance::{NextQuery, enter_with};
use crate::accounts::pages::local_path;
use crate::accounts::password_changes;
use crate::accounts::providers::flow::{self, Answer, Begun, Purpose};
use crate::accounts::providers::offered::{Offered, offered_to, provider};
use crate::accounts::providers::{enter, link, store};
use crate::accounts::two_factors;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::cookies;
use crate::web::extract::SignedIn;
use crate::web::forms::redirect_saying;
use crate::web::problems::encode;
use crate::web::routing::{get, post};
use crate::web::shell::{self, Shell};

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::PROVIDER, get(leave))
        .route(paths::PROVIDER_RETURN, get(come_back))
        .route(paths::SETTINGS_IDENTITIES, get(show_identities))
        .route(paths::SETTINGS_IDENTITY_LINK, post(post_link))
        .route(paths::SETTINGS_IDENTITY_UNLINK, post(post_unlink))
}

/// Changes nothing but the cookie that binds the flow to this browser. Where the provider asks nothing any more, who
/// follows this link is signed in: a link of another site leads to the one here instead.
async fn leave(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Query(query): Query<NextQuery>,
) -> Result<Response> {
    let provider = provider(&app, &name)?;
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if matches!(site, Some("cross-site" | "same-site")) {
        let address = format!("{}?next={}", paths::SIGN_IN, encode(local_path(&query.next)));
        return Ok(Redirect::to(&address).into_response());
    }
    let begun = Begun::new(provider, Purpose::Enter, local_path(&query.next));
    let address = flow::leave(&app, provider, &begun).await?;
    Ok(([flow::set_cookie(&begun)], Redirect::to(&address)).into_response())
}

async fn come_back(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    Path(name): Path<String>,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Result<Response> {
    let provider = provider(&app, &name)?;
    let begun =
        cookies::read(&app.config, &headers, flow::COOKIE).and_then(|cookie| Begun::read(cookie, provider));
    let Some(begun) = begun else {
        return Err(AppError::refused(
            "This sign-in was started in another browser, or too long ago. Start again.",
        ));
    };
    // Each attempt is an account of its own: what is limited is an address.
    app.limits.sign_in(&client, &answer.state)?;
    let over = flow::clear_cookie();
    match begun.purpose {
        Purpose::Enter => {
            let claims = flow::return_from(&app, provider, &begun, &answer).await?;
            let entered = enter::enter(&app, &client, provider, &claims).await?;
            Ok((AppendHeaders([over]), enter_with(&entered, &begun.next)).into_response())
        }
        Purpose::Link => {
            let member = shell.member()?;
            link::finish(&app, member, provider, (&begun, &answer), shell.now).await?;
            let sentence = shell::flash(&format!("You can now sign in with {}.", provider.title));
            Ok((AppendHeaders([over, sentence]), Redirect::to(paths::SETTINGS_IDENTITIES)).into_response())
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/settings_identities.html")]
pub struct IdentitiesPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub offered: Vec<Offered>,
    pub has_password: bool,
    pub asks_for_code: bool,
    /// Where the browser goes next, at whose place.
    pub leads_to: Option<(String, String)>,
    pub errors: FormErrors,
}

impl IdentitiesPage {
    pub fn sample() -> Self {
        let lab = Offered { name: "lab".to_owned(), title: "The lab".to_owned(), is_linked: true };
        let other = Offered { name: "uni".to_owned(), title: "University".to_owned(), is_linked: false };
        Self {
            shell: Shell::sample(),
            tab: paths::SETTINGS_IDENTITIES,
            offered: vec![lab, other],
            has_password: true,
            asks_for_code: true,
            leads_to: Some(("The lab".to_owned(), "https://lab.example/authorize".to_owned())),
            errors: FormErrors::default(),
        }
    }
}

async fn page(app: &App, shell: Shell, member: &Member, errors: FormErrors) -> Result<IdentitiesPage> {
    let offered = offered_to(app, member.id).await?;
    let mut conn = app.db.acquire().await?;
    let has_password = store::has_password(&mut conn, member.id).await?;
    let asks_for_code = two_factors::store::has(&mut conn, member.id).await?;
    drop(conn);
    let tab = paths::SETTINGS_IDENTITIES;
    Ok(IdentitiesPage { shell, tab, offered, has_password, asks_for_code, leads_to: None, errors })
}

async fn show_identities(
    State(app): State<App>,
    shell: Shell,
    SignedIn(member): SignedIn,
) -> Result<IdentitiesPage> {
    page(&app, shell, &member, FormErrors::default()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct IdentityForm {
    pub password: String,
    pub code: String,
}

/// The page's policy lets no form lead elsewhere, so the person follows a link.
async fn post_link(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
    Path(name): Path<String>,
    Form(form): Form<IdentityForm>,
) -> Result<Response> {
    let provider = provider(&app, &name)?;
    if let Err(error) = prove_themself(&app, &client, &member, &form).await {
        return again(&app, shell, &member, error).await;
    }
    let (begun, address) = link::begin(&app, &member, provider, shell.now).await?;
    let page = page(&app, shell, &member, FormErrors::default()).await?;
    let page = IdentitiesPage { leads_to: Some((provider.title.clone(), address)), ..page };
    Ok(([flow::set_cookie(&begun)], page).into_response())
}

async fn post_unlink(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    SignedIn(member): SignedIn,
    Path(name): Path<String>,
    Form(form): Form<IdentityForm>,
) -> Result<Response> {
    let provider = provider(&app, &name)?;
    let unlinked = match prove_themself(&app, &client, &member, &form).await {
        Ok(()) => enter::unlink(&app, &member, provider).await,
        Err(error) => Err(error),
    };
    match unlinked {
        Ok(()) => Ok(redirect_saying(
            paths::SETTINGS_IDENTITIES,
            &format!("You can no longer sign in with {}.", provider.title),
        )),
        Err(error) => again(&app, shell, &member, error).await,
    }
}

/// Another way in is for whoever knows the present one.
async fn prove_themself(app: &App, client: &Client, member: &Member, form: &IdentityForm) -> Result<()> {
    let (password, code) = (form.password.clone(), Some(form.code.as_str()));
    password_changes::ask_again(app, client, member, password, code).await.map(drop)
}

async fn again(app: &App, shell: Shell, member: &Member, error: AppError) -> Result<Response> {
    let errors = FormErrors::from_error(error)?;
    Ok(errors.answer(page(app, shell, member, errors.clone()).await?))
}
