//! The JSON of a request, or a problem that points at the field that cannot be read.
//!
//! A handler takes it as `body: Result<ApiJson<T>>` and looks into it after it has judged the caller:
//! who may not do a thing is told that first.

use std::error::Error;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use serde::de::DeserializeOwned;

use crate::error::{AppError, Result};

/// The whole of a body or a query, where no part of it can be named.
const BODY: &str = "body";

#[derive(Debug, Clone, Copy)]
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let read = <Json<T> as FromRequest<S>>::from_request(request, state).await;
        let Json(value) = read.map_err(unreadable)?;
        Ok(Self(value))
    }
}

/// A request without a content type has none.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for ApiJson<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>> {
        let read = <Json<T> as OptionalFromRequest<S>>::from_request(request, state).await;
        Ok(read.map_err(unreadable)?.map(|Json(value)| Self(value)))
    }
}

fn unreadable(rejection: JsonRejection) -> AppError {
    match located::<serde_json::Error>(&rejection) {
        Some(fault) => at_field(BODY, &fault.path().to_string(), &fault.inner().to_string()),
        None => at_field(BODY, "", &rejection.body_text()),
    }
}

/// A JSON document that a handler read itself.
///
/// # Errors
/// A problem of the field that cannot be read.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut document = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut document)
        .map_err(|fault| at_field(BODY, &fault.path().to_string(), &fault.inner().to_string()))?;
    document.end().map_err(|error| at_field(BODY, "", &error.to_string()))?;
    Ok(value)
}

/// What the framework's rejection says of the place of a fault.
pub(super) fn located<'a, E: Error + 'static>(
    rejection: &'a (dyn Error + 'static),
) -> Option<&'a serde_path_to_error::Error<E>> {
    let cause =
        |error: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> { (*error).source() };
    std::iter::successors(Some(rejection), cause).find_map(|error| error.downcast_ref())
}

/// A problem of the field at `path`; of the `whole` where there is no path.
pub(super) fn at_field(whole: &'static str, path: &str, why: &str) -> AppError {
    // Outside of the document, and in a document that is broken.
    let above = if matches!(path, "." | "?") { "" } else { path };
    let named = ["missing field `", "unknown field `"].iter().find_map(|start| why.strip_prefix(start));
    let name = named.and_then(|rest| rest.split_once('`')).map_or("", |(name, _)| name);
    let field = match (above, name) {
        ("", "") => return AppError::field(whole, format!("The request cannot be read: {why}.")),
        ("", one) | (one, "") => one.to_owned(),
        // The path of an unknown field may end with it already.
        (above, name) if why.starts_with("unknown") && above.rsplit('.').next() == Some(name) => {
            above.to_owned()
        }
        (above, name) => format!("{above}.{name}"),
    };
    AppError::Unreadable { message: format!("`{field}` cannot be read: {why}."), field }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_placed_where_it_is() {
        let field = |path: &str, why: &str| match at_field(BODY, path, why) {
            AppError::Unreadable { field, .. } => field,
            other => other.to_string(),
        };
        assert_eq!(field("title", "invalid type: integer `1`"), "title");
        assert_eq!(field(".", "missing field `title` at line 1 column 2"), "title");
        assert_eq!(field("parts[0]", "unknown field `wait`, expected `weight`"), "parts[0].wait");
        assert_eq!(field("wait", "unknown field `wait`, expected `weight`"), "wait");
        assert_eq!(field("parts[0].wait", "unknown field `wait`, expected `weight`"), "parts[0].wait");
        assert_eq!(field("parts", "missing field `parts`"), "parts.parts");
        assert!(field(".", "invalid type: string").starts_with("body: "));
        assert!(field("?", "EOF while parsing").starts_with("body: "));
    }
}
