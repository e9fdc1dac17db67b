//! Who the client speaks for: an API token as bearer, or as the key beside its owner's name.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::accounts::model::Member;
use crate::accounts::tokens;
use crate::api::token::{ApiMember, by_token, token_in};
use crate::app::App;
use crate::error::AppError;
use crate::kaggle::wire::Fault;

/// The caller by the `Authorization` header alone: no cookie counts here.
///
/// # Errors
/// [`AppError::SignIn`] without a header, [`AppError::NoToken`] for one that names nobody.
pub async fn caller(app: &App, headers: &HeaderMap) -> Result<ApiMember, Fault> {
    let header = headers.get(AUTHORIZATION).ok_or(AppError::SignIn)?;
    let header = header.to_str().map_err(|_| AppError::NoToken)?;
    let caller = by_token(app, &token_in(header).ok_or(AppError::NoToken)?).await?;
    match name_in(header) {
        Some(name) if !name.eq_ignore_ascii_case(&caller.member.username) => Err(AppError::NoToken.into()),
        _ => Ok(caller),
    }
}

/// The user name of a key pair.
fn name_in(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(name, _)| name.to_owned())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct IntrospectAsk {
    token: String,
}

/// Whose token it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Introspection {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
}

/// A token that is none is an answer, not an error: the client breaks down at a 401 here.
///
/// # Errors
/// Those of the database.
pub async fn introspect(app: &App, ask: IntrospectAsk) -> Result<Introspection, Fault> {
    match tokens::find_bearer(app, &ask.token).await {
        Ok(bearer) => Ok(Introspection {
            active: true,
            username: Some(bearer.member.username),
            user_id: Some(bearer.member.id.0),
            scope: Some(bearer.scopes.join(" ")),
            exp: bearer.expires_at.map(|at| at.timestamp()),
        }),
        Err(AppError::NoToken) => {
            Ok(Introspection { active: false, username: None, user_id: None, scope: None, exp: None })
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    user_name: String,
}

pub fn hello(member: Member) -> Hello {
    Hello { user_name: member.username }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_pair_names_its_owner_and_a_bearer_does_not() {
        assert_eq!(name_in(&format!("Basic {}", STANDARD.encode("ada:hld_x"))), Some("ada".to_owned()));
        assert_eq!(name_in("Bearer hld_x"), None);
    }
}
