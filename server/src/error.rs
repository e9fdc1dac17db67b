//! The one error of the web server: what a person is told, and what only the log is told.
//!
//! A handler returns [`AppError`]; `into_response` attaches a public [`Problem`], and the router's
//! layer draws it as a page (`web::problems`) or as `application/problem+json` (`api::problems`).

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::quotas::model::Full;

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
    /// Refused to whoever has not accepted a competition's rules. The sentence is for the person.
    #[error("{0}")]
    JoinFirst(String),
    /// One field of a form or document is wrong.
    #[error("{field}: {message}")]
    Field { field: &'static str, message: String },
    /// A field of a document is not of its type; it may lie deep in it.
    #[error("{message}")]
    Unreadable { field: String, message: String },
    /// The address exists, but not for this method.
    #[error("method not allowed")]
    WrongMethod,
    /// A limit was reached.
    #[error("{message}")]
    TooMany { message: String, retry_after_seconds: u64 },
    /// An upload beyond its limit.
    #[error("{0}")]
    TooLarge(String),
    /// A problem of a kind that few addresses have. The sentence is for the person.
    #[error("{message}")]
    Special { kind: ProblemKind, message: String },
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

    /// The same problem for who knows a field by another name.
    #[must_use]
    pub fn renamed(self, from: &str, to: &'static str) -> Self {
        match self {
            Self::Field { field, message } if field == from => Self::Field { field: to, message },
            other => other,
        }
    }

    pub fn of(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self::Special { kind, message: message.into() }
    }
}

/// What PostgreSQL says of a NUL character: in text, and in JSON.
const NO_TEXT: [&str; 2] = ["22021", "22P05"];

impl AppError {
    /// What the database's error means for the person; `None` where it is our mistake.
    fn told_by(error: &sqlx::Error) -> Option<Self> {
        match error {
            sqlx::Error::RowNotFound => Some(Self::NotFound),
            sqlx::Error::Database(cause) if cause.code().is_some_and(|code| NO_TEXT.contains(&&*code)) => {
                let words = "What was sent holds a character that no text may hold (U+0000).";
                Some(Self::field("text", words))
            }
            other => Full::of(other).map(Self::from),
        }
    }
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        Self::told_by(&error).unwrap_or_else(|| Self::Internal(error.into()))
    }
}

/// Of a read that several wait for.
impl From<Arc<sqlx::Error>> for AppError {
    fn from(error: Arc<sqlx::Error>) -> Self {
        Self::told_by(&error).unwrap_or_else(|| Self::Internal(error.into()))
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
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Stable name of the kind of problem.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: &'static str,
    pub status: u16,
    pub detail: String,
    /// With the type `field`: the field, parameter or header at fault, such as `title` or `parts[0].weight`;
    /// `body` or `query` where it is the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// Whether accepting the competition's rules opens the way.
    #[serde(skip)]
    pub is_before_joining: bool,
    /// By which whoever looks after the site finds this request in the log; the header `X-Request-Id` says it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// What only the log may show of an error.
#[derive(Debug, Clone)]
pub struct Cause(pub Arc<anyhow::Error>);

/// A kind of problem. Its name is the stable `type` of a [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemKind {
    pub name: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// When it happens and what to do, for whoever writes a program.
    pub meaning: &'static str,
}

const TOKEN: ProblemKind = ProblemKind {
    name: "token",
    status: 401,
    title: "No valid token",
    meaning: "The token is unknown, revoked or expired. Make another.",
};
const SIGN_IN: ProblemKind = ProblemKind {
    name: "sign_in",
    status: 401,
    title: "Sign in first",
    meaning: "This needs an account and the request has no token.",
};
const REFUSED: ProblemKind = ProblemKind {
    name: "refused",
    status: 403,
    title: "Not possible now",
    meaning: "The caller is known and the rules say no: the token lacks the scope, the rules were not accepted, \
        the competition has not begun. The sentence says which, and what to do first.",
};
const NOT_FOUND: ProblemKind = ProblemKind {
    name: "not_found",
    status: 404,
    title: "Not found",
    meaning: "There is nothing at this address, or the caller may not know that there is.",
};
const WRONG_METHOD: ProblemKind = ProblemKind {
    name: "wrong_method",
    status: 405,
    title: "Wrong method",
    meaning: "The address does not answer to that method; `Allow` names those it answers to.",
};
pub const CONFLICT: ProblemKind = ProblemKind {
    name: "conflict",
    status: 409,
    title: "Not as it was",
    meaning: "The request builds on something that is not so any more: an upload has another offset, or was used \
        already. Ask how it stands, then go on from there.",
};
pub const PRECONDITION: ProblemKind = ProblemKind {
    name: "precondition",
    status: 412,
    title: "A condition does not hold",
    meaning: "What the request demands is not so: what stands there is not what `If-Match` names, or another version of \
        the upload protocol.",
};
const TOO_LARGE: ProblemKind = ProblemKind {
    name: "too_large",
    status: 413,
    title: "File too large",
    meaning: "The upload is beyond its limit, where reading stopped, or beyond the room of the caller or the competition, \
        which has the type `quota`.",
};
pub const QUOTA: ProblemKind = ProblemKind {
    name: "quota",
    status: 413,
    title: "No room left",
    meaning: "The room of the caller, or of the competition, does not hold the file; the sentence says how much is used, how \
        much is allowed, and what to do. Nothing of the file was kept.",
};
pub const MEDIA_TYPE: ProblemKind = ProblemKind {
    name: "media_type",
    status: 415,
    title: "Wrong content type",
    meaning: "The body is not of the type that this address takes.",
};
const FIELD: ProblemKind = ProblemKind {
    name: "field",
    status: 422,
    title: "Something needs correcting",
    meaning: "One part of what was sent is wrong; `field` names it.",
};
pub const LOCKED: ProblemKind = ProblemKind {
    name: "locked",
    status: 423,
    title: "In use",
    meaning: "Another request is writing to this upload. Ask for its offset and go on from there.",
};
const TOO_MANY: ProblemKind = ProblemKind {
    name: "too_many",
    status: 429,
    title: "Limit reached",
    meaning: "A limit is used up: requests, attempts to sign in, or today's submissions. `retry_after_seconds` and \
        `Retry-After` say when it is worth trying again.",
};
pub const CHECKSUM: ProblemKind = ProblemKind {
    name: "checksum",
    status: 460,
    title: "Checksum mismatch",
    meaning: "What arrived is not what its checksum says. Nothing of it was kept; send it again.",
};
const INTERNAL: ProblemKind = ProblemKind {
    name: "internal",
    status: 500,
    title: "Our mistake",
    meaning: "A fault of the platform. Trying again is safe, for submissions with an `Idempotency-Key`.",
};

pub const CROWDED: ProblemKind = ProblemKind {
    name: "crowded",
    status: 503,
    title: "Too many at once",
    meaning: "More is asked for at once than can be answered. Nothing was done; ask again after the seconds that \
        `Retry-After` names. Files that are sent are never refused so.",
};

pub const NO_ROOM: ProblemKind = ProblemKind {
    name: "no_room",
    status: 507,
    title: "No room for files",
    meaning: "The disk that takes files is nearly full. Nothing of the file was kept; send it again later.",
};

/// Every kind of problem, by status; the first of a status stands for it where only one can.
pub const PROBLEMS: [ProblemKind; 17] = [
    TOKEN,
    SIGN_IN,
    REFUSED,
    NOT_FOUND,
    WRONG_METHOD,
    CONFLICT,
    PRECONDITION,
    TOO_LARGE,
    QUOTA,
    MEDIA_TYPE,
    FIELD,
    LOCKED,
    TOO_MANY,
    CHECKSUM,
    INTERNAL,
    CROWDED,
    NO_ROOM,
];

/// What is said where nothing is, or where the caller may not know that something is.
pub const NOTHING_HERE: &str = "There is nothing at this address, or you may not see it.";

impl AppError {
    fn kind(&self) -> ProblemKind {
        match self {
            Self::NotFound => NOT_FOUND,
            Self::SignIn => SIGN_IN,
            Self::NoToken => TOKEN,
            Self::Refused(_) | Self::JoinFirst(_) => REFUSED,
            Self::Field { .. } | Self::Unreadable { .. } => FIELD,
            Self::WrongMethod => WRONG_METHOD,
            Self::TooMany { .. } => TOO_MANY,
            Self::TooLarge(_) => TOO_LARGE,
            Self::Special { kind, .. } => *kind,
            Self::Internal(_) => INTERNAL,
        }
    }

    /// The sentence for the person.
    fn detail(&self) -> String {
        match self {
            Self::NotFound => NOTHING_HERE,
            Self::SignIn => "This needs an account: sign in and try again.",
            Self::NoToken => {
                "This token is unknown, revoked or expired. Make a new one in your settings, under API tokens."
            }
            Self::WrongMethod => {
                "This address does not answer to that method; the header Allow names those it answers to."
            }
            Self::Internal(_) => {
                "Something went wrong on our side. Nothing you sent was lost; try again in a moment."
            }
            Self::Refused(sentence) | Self::JoinFirst(sentence) | Self::TooLarge(sentence) => sentence,
            Self::Field { message, .. }
            | Self::Unreadable { message, .. }
            | Self::TooMany { message, .. }
            | Self::Special { message, .. } => message,
        }
        .to_owned()
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let ProblemKind { name, status, title, .. } = self.kind();
        let detail = self.detail();
        let field = match &self {
            Self::Field { field, .. } => Some(Cow::Borrowed(*field)),
            Self::Unreadable { field, .. } => Some(Cow::Owned(field.clone())),
            _ => None,
        };
        let retry_after_seconds = match &self {
            Self::TooMany { retry_after_seconds, .. } => Some(*retry_after_seconds),
            _ => None,
        };
        let mut response =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(Problem {
            kind: name,
            title,
            status,
            detail,
            field,
            retry_after_seconds,
            is_before_joining: matches!(self, Self::JoinFirst(_)),
            request_id: None,
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
