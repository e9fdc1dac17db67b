//! Out to a provider and back. What belongs together is bound to the browser by one cookie: `state`, `nonce` and the
//! verifier of PKCE are digests of its secret, so that an answer meant for another browser or another flow fits none.

use axum::http::{HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::discovery::refused;
use super::settings::Provider;
use super::token::{self, Claims};
use crate::accounts::secret;
use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::cookies;
use crate::web::problems::encode;

/// Binds an attempt to the browser that began it.
pub const COOKIE: &str = "holdout_provider";
/// So much time there is between leaving for a provider and coming back.
pub const LIFE: TimeDelta = TimeDelta::minutes(10);

/// What somebody wants there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Enter,
    /// To have it known as theirs, as the server has on record for this attempt.
    Link,
}

/// A flow that began, as its cookie has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    provider: String,
    pub purpose: Purpose,
    /// Where to go afterwards.
    pub next: String,
    secret: String,
}

/// What a provider sends back through the browser.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    pub code: String,
    pub state: String,
    pub error: String,
    /// RFC 9207.
    pub iss: Option<String>,
}

impl Begun {
    pub fn new(provider: &Provider, purpose: Purpose, next: &str) -> Self {
        Self { provider: provider.name.clone(), purpose, next: next.to_owned(), secret: secret::draw() }
    }

    fn text(&self) -> String {
        let purpose = match self.purpose {
            Purpose::Enter => "enter",
            Purpose::Link => "link",
        };
        format!("{}.{purpose}.{}.{}", self.provider, hex::encode(&self.next), self.secret)
    }

    /// The flow of this cookie, if it is one of this provider.
    pub fn read(cookie: &str, provider: &Provider) -> Option<Self> {
        let mut parts = cookie.split('.');
        let (name, purpose, next, secret) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let purpose = match purpose {
            "enter" => Purpose::Enter,
            "link" => Purpose::Link,
            _ => return None,
        };
        let next = String::from_utf8(hex::decode(next).ok()?).ok()?;
        let begun = Self { provider: name.to_owned(), purpose, next, secret: secret.to_owned() };
        (name == provider.name && parts.next().is_none()).then_some(begun)
    }

    fn derived(&self, what: &str) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{what} {}", self.text())))
    }

    /// What is on record of an attempt to link.
    pub fn digest(&self) -> [u8; 32] {
        secret::digest(&self.secret)
    }

    pub fn state(&self) -> String {
        self.derived("state")
    }

    pub fn nonce(&self) -> String {
        self.derived("nonce")
    }
}

/// Where the browser goes.
///
/// # Errors
/// As [`super::discovery::Discovered::of`].
pub async fn leave(app: &App, provider: &Provider, begun: &Begun) -> Result<String> {
    let known = app.providers.of(provider).await?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(begun.derived("verifier")));
    let (redirect, state, nonce) = (redirect_uri(&app.config, provider), begun.state(), begun.nonce());
    let demands = provider.demands.asked();
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", provider.client_id.as_str()),
        ("redirect_uri", redirect.as_str()),
        ("scope", "openid profile email"),
        ("state", state.as_str()),
        ("nonce", nonce.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    fields.extend(demands.iter().map(|(name, value)| (*name, value.as_str())));
    Ok(with_query(&known.metadata.authorization_endpoint, &form(&fields)))
}

/// An address of a provider, which may have a query of its own.
pub(super) fn with_query(address: &str, query: &str) -> String {
    let sign = if address.contains('?') { '&' } else { '?' };
    format!("{address}{sign}{query}")
}

#[derive(Debug, Deserialize)]
struct Tokens {
    id_token: String,
}

/// Who came back, once the code is exchanged and the token judged. The access token is not looked at.
///
/// # Errors
/// [`AppError::Refused`] for an answer to another flow, of another provider, or that does not hold.
pub async fn return_from(app: &App, provider: &Provider, begun: &Begun, answer: &Answer) -> Result<Claims> {
    if answer.state != begun.state() {
        return Err(refused(provider, "its answer belongs to another attempt"));
    }
    let known = app.providers.of(provider).await?;
    let must_be_named = known.metadata.authorization_response_iss_parameter_supported;
    if answer.iss.as_ref().map_or(must_be_named, |issuer| *issuer != provider.issuer) {
        return Err(refused(provider, "the answer is another provider's"));
    }
    if !answer.error.is_empty() || answer.code.is_empty() {
        return Err(AppError::refused(format!("{} did not let you in.", provider.title)));
    }
    let redirect = redirect_uri(&app.config, provider);
    let verifier = begun.derived("verifier");
    let methods = &known.metadata.token_endpoint_auth_methods_supported;
    let in_form = methods.iter().any(|method| method == "client_secret_post")
        && !methods.iter().any(|method| method == "client_secret_basic");
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", answer.code.as_str()),
        ("redirect_uri", redirect.as_str()),
        ("code_verifier", verifier.as_str()),
        ("client_id", provider.client_id.as_str()),
    ];
    let secret = provider.client_secret.reveal();
    let authorization = if in_form {
        fields.push(("client_secret", secret));
        None
    } else {
        let pair = format!("{}:{}", encode(&provider.client_id), encode(secret));
        Some(format!("Basic {}", STANDARD.encode(pair)))
    };
    let address = known.metadata.token_endpoint.clone();
    let tokens: Tokens = app.providers.post(provider, address, authorization, form(&fields)).await?;
    token::judge(app, provider, &tokens.id_token, &begun.nonce()).await
}

pub(super) fn form(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

fn redirect_uri(config: &Config, provider: &Provider) -> String {
    format!("{}{}", config.public_url, paths::provider_return(&provider.name))
}

/// The header that binds a flow to the browser.
pub fn set_cookie(begun: &Begun) -> (HeaderName, HeaderValue) {
    cookies::set(COOKIE, &begun.text(), LIFE.num_seconds())
}

/// The header that ends it.
pub fn clear_cookie() -> (HeaderName, HeaderValue) {
    cookies::set(COOKIE, "", 0)
}
