//! A provider says that somebody signed out there, by a logout token that its server sends (OpenID Connect Back-Channel
//! Logout 1.0): the sessions here end that were begun in the one that ended there. A session of which its provider never
//! said what it calls it ends with every one of its person.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::discovery::Source;
use super::jws::{Kind, Token};
use super::model::is_name;
use super::settings::Provider;
use super::store;
use super::token::{Audience, DRIFT_SECONDS, Registered, claimed};
use crate::accounts::events::{self, Event, What};
use crate::app::App;
use crate::error::AppError;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// However long it says that it holds: so long its name is remembered.
const LONGEST_LIFE_SECONDS: i64 = 600;
/// Of one that does not say.
const LIFE_SECONDS: i64 = 120;

/// Why nobody was signed out.
#[derive(Debug)]
pub enum Failure {
    /// What is wrong with the token, in words for the provider's operator.
    Token(&'static str),
    App(AppError),
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::App(error.into())
    }
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    azp: Option<String>,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: i64,
    jti: String,
    sub: Option<String>,
    sid: Option<String>,
    events: HashMap<String, Value>,
    #[serde(rename = "nonce", default, deserialize_with = "is_there")]
    has_nonce: bool,
}

/// Whatever it is, nothing included.
fn is_there<'de, D: Deserializer<'de>>(claim: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(claim).map(|_| true)
}

impl Claims {
    /// From when on it is worth nothing.
    fn ends_at(&self) -> i64 {
        let ends_at = self.exp.unwrap_or(self.iat.saturating_add(LIFE_SECONDS));
        ends_at.min(self.iat.saturating_add(LONGEST_LIFE_SECONDS))
    }

    /// Section 2.6 of the standard.
    fn fault(&self, provider: &Provider, now: i64) -> Option<&'static str> {
        let registered = Registered {
            iss: &self.iss,
            aud: &self.aud,
            azp: self.azp.as_deref(),
            exp: self.ends_at(),
            nbf: self.nbf,
            iat: self.iat,
        };
        registered.fault(provider, now).or({
            let mut names = self.sub.iter().chain(&self.sid).peekable();
            if self.exp.is_none() && !provider.older_logout_tokens {
                Some("without an expiry")
            } else if !self.events.get(EVENT).is_some_and(Value::is_object) {
                Some("of no logout")
            } else if self.has_nonce {
                Some("with a nonce")
            } else if self.jti.is_empty() {
                Some("without a name of its own")
            } else if names.peek().is_none() || !names.all(|name| is_name(name)) {
                Some("of nobody")
            } else {
                None
            }
        })
    }

    /// What is remembered of it.
    fn digest(&self) -> [u8; 32] {
        Sha256::digest(format!("{} {}", self.iss, self.jti)).into()
    }
}

/// Ends what a provider's logout token names, and tells whose sessions they were; that there are none is no fault.
///
/// # Errors
/// [`Failure::Token`] for a token that does not hold or was taken before.
pub async fn receive(app: &App, provider: &Provider, text: &str) -> Result<(), Failure> {
    let judged = judge(app, provider, text).await;
    if let Err(Failure::Token(fault)) = judged {
        tracing::warn!(provider = %provider.name, fault, "a logout token was refused");
    }
    let claims = judged?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let remembered_until = DateTime::from_timestamp(claims.ends_at().saturating_add(DRIFT_SECONDS), 0);
    let remembered_until = remembered_until.unwrap_or(now + TimeDelta::seconds(LONGEST_LIFE_SECONDS));
    if !store::take_logout_token(&mut tx, &claims.digest(), remembered_until).await? {
        return Err(Failure::Token("taken already"));
    }
    let (issuer, sid) = (&provider.issuer, claims.sid.as_deref());
    let people = match (&claims.sub, sid) {
        (Some(subject), _) => store::end_sessions_of(&mut tx, issuer, subject, sid).await?,
        (None, Some(sid)) => store::end_session_there(&mut tx, issuer, sid).await?,
        (None, None) => Vec::new(),
    };
    for user in people {
        events::note(&mut tx, user, &Event::new(What::SignedOutElsewhere).of(&provider.title), now).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn judge(app: &App, provider: &Provider, text: &str) -> Result<Claims, Failure> {
    let token = Token::read(text).ok_or(Failure::Token("no token, or of another algorithm"))?;
    let is_of_its_kind = match token.kind() {
        Kind::Logout => true,
        Kind::Untold => provider.older_logout_tokens,
        Kind::Other => false,
    };
    if !is_of_its_kind {
        return Err(Failure::Token("not of the type logout+jwt"));
    }
    let claims: Option<Claims> = match claimed(app, provider, &token, Source::Anybody).await {
        Ok(claims) => claims,
        Err(AppError::Refused(_)) => return Err(Failure::Token("of a key that cannot be asked for now")),
        Err(error) => return Err(error.into()),
    };
    let claims = claims.ok_or(Failure::Token("without a key, signature or claims that hold"))?;
    match claims.fault(provider, app.clock.now().timestamp()) {
        None => Ok(claims),
        Some(fault) => Err(Failure::Token(fault)),
    }
}
