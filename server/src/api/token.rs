//! Who calls the API: the bearer of a token, or a page of this site with its session.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use crate::accounts::model::{Member, Scope};
use crate::accounts::two_factors::requirement;
use crate::accounts::{sessions, tokens};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::csrf;

/// Extracts the caller, from `Authorization: Bearer hld_…`, `Authorization: Basic` with the token as
/// password, or, where there is no such header, the session cookie.
#[derive(Debug, Clone)]
pub struct ApiMember {
    pub member: Member,
    pub scopes: Vec<Scope>,
    /// When the token ends; `None` for one that does not, and for a session.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether a browser's session asks, not a token.
    pub is_session: bool,
}

impl ApiMember {
    /// # Errors
    /// [`AppError::Refused`] when the token was not made for this.
    pub fn require(&self, scope: Scope) -> Result<()> {
        self.require_one_of(&[scope])
    }

    /// # Errors
    /// [`AppError::Refused`] when the token was made for none of these.
    pub fn require_one_of(&self, scopes: &[Scope]) -> Result<()> {
        if scopes.iter().any(|scope| self.scopes.contains(scope)) {
            return Ok(());
        }
        let names = |scopes: &[Scope], between: &str| {
            scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(between)
        };
        Err(AppError::refused(format!(
            "This needs a token with the scope {}; yours has {}. Make a new one in your settings.",
            names(scopes, " or "),
            names(&self.scopes, ", "),
        )))
    }

    /// The caller, who may do this.
    ///
    /// # Errors
    /// As [`ApiMember::require`].
    pub fn with(self, scope: Scope) -> Result<Member> {
        self.require(scope)?;
        Ok(self.member)
    }
}

impl ApiMember {
    /// The caller, for what concerns the whole account: a token needs every scope that its owner can give.
    ///
    /// # Errors
    /// As [`ApiMember::require`].
    pub fn with_all(self) -> Result<Member> {
        let may_give = |scope: &Scope| *scope != Scope::Admin || self.member.is_admin;
        Scope::ALL.into_iter().filter(may_give).try_for_each(|scope| self.require(scope))?;
        Ok(self.member)
    }
}

impl FromRequestParts<App> for ApiMember {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        match parts.headers.get(AUTHORIZATION) {
            Some(value) => {
                let text = value.to_str().ok().and_then(token_in).ok_or(AppError::NoToken)?;
                by_token(app, &text).await
            }
            None => by_session(app, parts).await,
        }
    }
}

/// For addresses that visitors may read too: the caller, if there is one.
#[derive(Debug, Clone)]
pub struct MaybeApiMember(pub Option<ApiMember>);

impl MaybeApiMember {
    /// The caller's member, who may read; `None` for a visitor.
    ///
    /// # Errors
    /// As [`ApiMember::require`].
    pub fn reader(self) -> Result<Option<Member>> {
        self.0.map(|caller| caller.with(Scope::Read)).transpose()
    }
}

impl FromRequestParts<App> for MaybeApiMember {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        match ApiMember::from_request_parts(parts, app).await {
            Ok(caller) => Ok(Self(Some(caller))),
            Err(AppError::SignIn) => Ok(Self(None)),
            Err(other) => Err(other),
        }
    }
}

/// The bearer of a token.
///
/// # Errors
/// [`AppError::NoToken`] when it is unknown, revoked or expired.
pub async fn by_token(app: &App, text: &str) -> Result<ApiMember> {
    let bearer = tokens::find_bearer(app, text).await?;
    let is_given = |scope: &Scope| {
        bearer.scopes.iter().any(|name| name == scope.name())
            && (*scope != Scope::Admin || bearer.member.is_admin)
    };
    let scopes = Scope::ALL.into_iter().filter(is_given).collect();
    Ok(ApiMember { member: bearer.member, scopes, expires_at: bearer.expires_at, is_session: false })
}

async fn by_session(app: &App, parts: &Parts) -> Result<ApiMember> {
    csrf::require_same_origin(app, parts)?;
    let secret = sessions::read_cookie(&app.config, &parts.headers).ok_or(AppError::SignIn)?;
    let member = sessions::find_member(app, secret, app.clock.now()).await?.ok_or(AppError::SignIn)?;
    let may = |scope: &Scope| *scope != Scope::Admin || member.is_admin;
    let scopes = Scope::ALL.into_iter().filter(may).collect();
    if !parts.uri.path().starts_with(paths::API_TWO_FACTORS) {
        requirement::refuse_lacking(app, &member).await?;
    }
    Ok(ApiMember { member, scopes, expires_at: None, is_session: true })
}

/// The token in an `Authorization` header.
pub fn token_in(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        Some(rest.to_owned())
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        decoded.split_once(':').map(|(_, token)| token.to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_as_bearer_or_as_the_password_of_basic() {
        assert_eq!(token_in("Bearer hld_x"), Some("hld_x".to_owned()));
        assert_eq!(token_in("bearer  hld_x "), Some("hld_x".to_owned()));
        let basic = format!("Basic {}", STANDARD.encode("ada:hld_x"));
        assert_eq!(token_in(&basic), Some("hld_x".to_owned()));
        for wrong in ["", "hld_x", "Digest hld_x", "Basic !!", "Basic aGxk"] {
            assert_eq!(token_in(wrong), None, "{wrong}");
        }
    }
}
