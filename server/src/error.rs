//! The one error of the web server: what a person is told, and what only the log is told.
//!
//! A handler returns [`AppError`]; `into_response` attaches a public [`Problem`], and the router's
//! layer draws it as a page (`web::problems`) or as `application/problem+json` (`api::problems`).

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Does not exist, or this person may not know that it does.
    #[error("not found")]
    NotFound,
    /// Needs somebody who is signed in.
    #[error("sign in first")]
    SignIn,
    /// A token that is unknown, revoked or expired.
    #[error("no valid token")]
    NoToken,
    /// Known, signed in, but the rules say no. The sentence is for the person.
    #[error("{0}")]
    Refused(String),
    /// One field of a form or document is wrong.
    #[error("{field}: {message}")]
    Field { field: &'static str, message: String },
    /// The address exists, but not for this method.
    #[error("method not allowed")]
    WrongMethod,
    /// A limit was reached.
    #[error("{message}")]
    TooMany { message: String, retry_after_seconds: u64 },
    /// An upload beyond its limit.
    #[error("{0}")]
    TooLarge(String),
    /// Our mistake; the cause goes to the log alone.
    #[error("internal error: {0:#}")]
    Internal(anyhow::Error),
}

impl AppError {
    pub fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(sentence.into())
    }

    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::Field { field, message: message.into() }
    }
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NotFound,
            other => Self::Internal(other.into()),
        }
    }
}

impl From<std::io::Error> for AppError {
    fn from(error: std::io::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<anyhow::Error> for AppError {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

/// What may be shown of an error.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// Stable name of the kind of problem.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: &'static str,
    pub status: u16,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

/// What only the log may show of an error.
#[derive(Debug, Clone)]
pub struct Cause(pub Arc<anyhow::Error>);

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let (status, kind, title, detail) = match &self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                "Not found",
                "There is nothing at this address, or you may not see it.".to_owned(),
            ),
            Self::SignIn => (
                StatusCode::UNAUTHORIZED,
                "sign_in",
                "Sign in first",
                "This needs an account: sign in and try again.".to_owned(),
            ),
            Self::NoToken => (
                StatusCode::UNAUTHORIZED,
                "token",
                "No valid token",
                "This token is unknown, revoked or expired. Make a new one in your settings, under API tokens."
                    .to_owned(),
            ),
            Self::Refused(sentence) => {
                (StatusCode::FORBIDDEN, "refused", "Not possible now", sentence.clone())
            }
            Self::Field { message, .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "field", "Something needs correcting", message.clone())
            }
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "wrong_method",
                "Wrong method",
                "This address does not answer to that method; the header Allow names those it answers to."
                    .to_owned(),
            ),
            Self::TooMany { message, .. } => {
                (StatusCode::TOO_MANY_REQUESTS, "too_many", "Limit reached", message.clone())
            }
            Self::TooLarge(sentence) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "File too large", sentence.clone())
            }
            Self::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Our mistake",
                "Something went wrong on our side. Nothing you sent was lost; try again in a moment."
                    .to_owned(),
            ),
        };
        let field = if let Self::Field { field, .. } = &self { Some(*field) } else { None };
        let retry_after_seconds = match &self {
            Self::TooMany { retry_after_seconds, .. } => Some(*retry_after_seconds),
            _ => None,
        };
        let mut response = status.into_response();
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(Problem {
            kind,
            title,
            status: status.as_u16(),
            detail,
            field,
            retry_after_seconds,
        });
        if let Self::Internal(error) = self {
            response.extensions_mut().insert(Cause(Arc::new(error)));
        }
        response
    }
}

/// Turns the framework's own refusals (an id in the address that is none, a form that cannot be
/// read) into problems with a sentence.
pub fn adopt(is_read: bool, response: Response) -> Response {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let mut problem = AppError::WrongMethod.into_response();
        let allowed = response.headers().get(ALLOW).cloned();
        allowed.and_then(|methods| problem.headers_mut().insert(ALLOW, methods));
        return problem;
    }
    let is_plain =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if response.extensions().get::<Problem>().is_some() || !is_plain {
        return response;
    }
    match response.status() {
        StatusCode::BAD_REQUEST if is_read => AppError::NotFound.into_response(),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            AppError::field("form", "What was sent could not be read: a field is missing or not in its form.")
                .into_response()
        }
        _ => response,
    }
}

pub type Result<T, E = AppError> = std::result::Result<T, E>;
