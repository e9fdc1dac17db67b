//! How the client's answers are written: JSON objects, errors as `{"code", "message"}`, pages of lists.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{AppError, Problem, adopt};

/// Items of a list, when the client names no number.
const DEFAULT_SIZE: usize = 20;
const LARGEST_SIZE: usize = 200;

/// What the client is told instead of an answer.
#[derive(Debug)]
pub enum Fault {
    /// What pages and API would say.
    App(AppError),
    /// A sentence of this room's.
    Said(StatusCode, String),
}

impl<E: Into<AppError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

impl Fault {
    /// Something that this house does not have.
    pub fn absent(sentence: impl Into<String>) -> Self {
        Self::missing(sentence)
    }

    pub fn wrong(sentence: impl Into<String>) -> Self {
        Self::Said(StatusCode::BAD_REQUEST, sentence.into())
    }

    pub fn missing(sentence: impl Into<String>) -> Self {
        Self::Said(StatusCode::NOT_FOUND, sentence.into())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::App(error) => error.into_response(),
            Self::Said(status, message) => (status, error_json(status.as_u16(), message)).into_response(),
        }
    }
}

/// The one form of error that the client shows.
#[derive(Serialize)]
struct ErrorJson {
    code: u16,
    message: String,
}

fn error_json(code: u16, message: String) -> Json<ErrorJson> {
    Json(ErrorJson { code, message })
}

/// Draws problems in the client's form.
pub async fn draw(request: Request, next: Next) -> Response {
    let mut response = adopt(true, next.run(request).await);
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    if problem.status == 401 {
        parts.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Holdout\""));
    }
    (parts, error_json(problem.status, problem.detail)).into_response()
}

/// Reads a call's document; nothing at all is an empty one.
///
/// # Errors
/// [`Fault::Said`] when it is none.
pub fn ask<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Fault> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| Fault::wrong(format!("The request cannot be read: {error}.")))
}

/// # Errors
/// None; for the dispatcher's arms to be alike.
pub fn answer(document: impl Serialize) -> Result<Response, Fault> {
    Ok(Json(document).into_response())
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub skip: usize,
    pub take: usize,
}

impl Window {
    /// From `page` (counted from 1), `pageSize` and the token of the page before.
    ///
    /// # Errors
    /// [`Fault::Said`] for a token that is none of ours.
    pub fn new(page: i64, size: Option<i64>, token: &str) -> Result<Self, Fault> {
        let take = size_of(size);
        let skip = match token {
            "" => usize::try_from(page.clamp(1, 1000) - 1).unwrap_or(0) * take,
            token => token.parse().map_err(|_| not_a_token())?,
        };
        Ok(Self { skip, take })
    }

    /// The part of `all`, and the token of the next.
    pub fn cut<T>(self, all: Vec<T>) -> (Vec<T>, String) {
        let end = self.skip.saturating_add(self.take);
        let next = if all.len() > end { end.to_string() } else { String::new() };
        (all.into_iter().skip(self.skip).take(self.take).collect(), next)
    }
}

/// How many items of a list are sent.
pub fn size_of(asked: Option<i64>) -> usize {
    match asked.and_then(|size| usize::try_from(size).ok()) {
        None | Some(0) => DEFAULT_SIZE,
        Some(size) => size.min(LARGEST_SIZE),
    }
}

/// What is said of a page token that no answer held.
pub fn not_a_token() -> Fault {
    Fault::wrong("This page token is not valid: use the one printed with the previous page.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_walked_by_page_and_by_token() {
        let window = Window::new(1, Some(2), "").expect("a window");
        assert_eq!(window.cut(vec![1, 2, 3]), (vec![1, 2], "2".to_owned()));
        let window = Window::new(0, Some(2), "2").expect("a window");
        assert_eq!(window.cut(vec![1, 2, 3]), (vec![3], String::new()));
        let window = Window::new(2, Some(2), "").expect("a window");
        assert_eq!(window.cut(vec![1, 2, 3]), (vec![3], String::new()));
        assert!(Window::new(1, None, "yesterday").is_err());
    }

    #[test]
    fn sizes_have_bounds() {
        assert_eq!(
            [size_of(None), size_of(Some(0)), size_of(Some(-4)), size_of(Some(9999))],
            [20, 20, 20, 200]
        );
    }
}
