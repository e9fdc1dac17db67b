//! An ID token is judged: signature by a key of the provider, issuer, audience, time, nonce (OpenID Connect Core 1.0,
//! section 3.1.3.7). The clock is that of the site, and it may be wrong by a minute.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::demands::Claimed;
use super::discovery::{Source, refused};
use super::jws::Token;
use super::model::{self, Origin};
use super::settings::Provider;
use crate::app::App;
use crate::error::{AppError, Result};

/// How wrong a provider's clock may be.
pub(super) const DRIFT_SECONDS: i64 = 60;

/// What is believed of a person.
#[derive(Debug, Clone, Deserialize)]
pub struct Claims {
    iss: String,
    pub sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    nbf: Option<i64>,
    iat: i64,
    nonce: Option<String>,
    sid: Option<Value>,
    acr: Option<Value>,
    amr: Option<Value>,
    auth_time: Option<Value>,
    email: Option<String>,
    email_verified: Option<Value>,
    pub preferred_username: Option<String>,
    pub name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What every token of a provider claims (RFC 7519, section 4.1).
pub(super) struct Registered<'a> {
    pub iss: &'a str,
    pub aud: &'a Audience,
    pub azp: Option<&'a str>,
    pub exp: i64,
    pub nbf: Option<i64>,
    pub iat: i64,
}

impl Registered<'_> {
    /// Why a token is not this provider's, for this client, now.
    pub fn fault(&self, provider: &Provider, now: i64) -> Option<&'static str> {
        let is_for_us = match self.aud {
            Audience::One(client) => *client == provider.client_id,
            // Whoever else it is for could have given it to us.
            Audience::Several(clients) => {
                clients.contains(&provider.client_id) && (clients.len() == 1 || self.azp.is_some())
            }
        };
        if self.iss != provider.issuer {
            Some("another issuer")
        } else if !is_for_us || self.azp.is_some_and(|party| party != provider.client_id) {
            Some("for another client")
        } else if self.exp <= now - DRIFT_SECONDS {
            Some("run out")
        } else if self.iat.max(self.nbf.unwrap_or(self.iat)) > now + DRIFT_SECONDS {
            Some("of a time to come")
        } else {
            None
        }
    }
}

impl Claims {
    /// As whom somebody signs in.
    pub fn origin(&self) -> Origin {
        Origin { issuer: self.iss.clone(), subject: self.sub.clone(), sid: model::sid(self.sid.as_ref()) }
    }

    /// An address that the provider says is this person's. Some write the word as text.
    pub fn confirmed_email(&self) -> Option<&str> {
        let is_confirmed = match &self.email_verified {
            Some(Value::Bool(is_confirmed)) => *is_confirmed,
            Some(Value::String(word)) => word == "true",
            _ => false,
        };
        self.email.as_deref().filter(|_| is_confirmed)
    }

    fn of_the_sign_in(&self) -> Claimed<'_> {
        Claimed { acr: self.acr.as_ref(), amr: self.amr.as_ref(), auth_time: self.auth_time.as_ref() }
    }

    /// Why they are not for this attempt, now.
    fn fault(&self, provider: &Provider, nonce: &str, now: i64) -> Option<&'static str> {
        let registered = Registered {
            iss: &self.iss,
            aud: &self.aud,
            azp: self.azp.as_deref(),
            exp: self.exp,
            nbf: self.nbf,
            iat: self.iat,
        };
        registered.fault(provider, now).or({
            if self.nonce.as_deref() != Some(nonce) {
                Some("of another attempt")
            } else if model::is_name(&self.sub) {
                None
            } else {
                Some("of nobody")
            }
        })
    }
}

/// # Errors
/// [`AppError::Refused`] for a token that does not hold, and for one of a sign-in that is less than what the operator asks.
pub async fn judge(app: &App, provider: &Provider, text: &str, nonce: &str) -> Result<Claims> {
    let token = Token::read(text).ok_or_else(|| unsound(provider, "no token, or another algorithm"))?;
    let claims: Option<Claims> = claimed(app, provider, &token, Source::Provider).await?;
    let claims = claims.ok_or_else(|| unsound(provider, "no key, signature or claims that hold"))?;
    let now = app.clock.now().timestamp();
    if let Some(fault) = claims.fault(provider, nonce, now) {
        return Err(unsound(provider, fault));
    }
    match provider.demands.fault(claims.of_the_sign_in(), now) {
        None => Ok(claims),
        Some(fault) => {
            tracing::warn!(provider = %provider.name, fault, "a sign-in there was less than what is asked");
            Err(refused(provider, "it did not sign you in as strongly, or as lately, as this site asks"))
        }
    }
}

/// What a token claims that a key of the provider has signed.
///
/// # Errors
/// [`AppError::Refused`] while the provider does not tell its keys, or was asked for them too often.
pub(super) async fn claimed<T: DeserializeOwned>(
    app: &App,
    provider: &Provider,
    token: &Token<'_>,
    source: Source,
) -> Result<Option<T>> {
    let known = app.providers.of(provider).await?;
    if let Some(key) = token.key_among(&known.keys) {
        return Ok(token.claims(key));
    }
    // Keys rotate.
    let anew = app.providers.anew(provider, source).await?;
    Ok(token.key_among(&anew.keys).and_then(|key| token.claims(key)))
}

fn unsound(provider: &Provider, fault: &str) -> AppError {
    tracing::warn!(provider = %provider.name, fault, "an ID token was refused");
    refused(provider, "its word on who you are does not hold")
}
