//! Writes that build on what was read: `If-Match` with the `ETag` of a GET, `If-Match: *` for what must
//! be there already, `If-None-Match: *` for what must not (RFC 9110, 13.1).
//!
//! Tags are weak only because answers may be compressed on their way; they stand for the bytes of the
//! JSON, so `If-Match` compares them as `If-None-Match` does.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use serde::Serialize;
use sqlx::PgConnection;

use crate::api::tags;
use crate::error::{AppError, PRECONDITION, Result};

/// What a write demands. Extracted before its transaction, held inside of it.
#[derive(Debug, Clone, Default)]
pub struct Condition(HeaderMap);

impl Condition {
    /// Judges what stands there now, which must be the JSON that a GET answers with.
    ///
    /// # Errors
    /// A problem of the kind `precondition`.
    pub fn hold(&self, standing: Option<impl Serialize>) -> Result<()> {
        let tag = match standing {
            Some(json) => Some(tags::of(&serde_json::to_vec(&json).map_err(anyhow::Error::from)?)),
            None => None,
        };
        self.hold_tag(tag.as_deref())
    }

    /// Judges a file that stands there now, by the `ETag` that its download has.
    ///
    /// # Errors
    /// As [`Condition::hold`].
    pub fn hold_file(&self, sha256_hex: Option<String>) -> Result<()> {
        self.hold_tag(sha256_hex.map(|sha256_hex| format!("\"{sha256_hex}\"")).as_deref())
    }

    /// Whether anything is demanded.
    pub fn is_given(&self) -> bool {
        !self.0.is_empty()
    }

    fn hold_tag(&self, tag: Option<&str>) -> Result<()> {
        let is_named = |header: HeaderName| {
            let lines = HeaderMap::from_iter(
                self.0.get_all(&header).iter().map(|line| (IF_NONE_MATCH, line.clone())),
            );
            tag.is_some_and(|tag| tags::matches(&lines, tag))
        };
        if self.0.contains_key(IF_MATCH) && !is_named(IF_MATCH) {
            return Err(changed_since());
        }
        if self.0.contains_key(IF_NONE_MATCH) && is_named(IF_NONE_MATCH) {
            return Err(AppError::of(
                PRECONDITION,
                "It already exists, and `If-None-Match` says that it must not.",
            ));
        }
        Ok(())
    }
}

/// What is told to whoever builds on what is no more.
pub fn changed_since() -> AppError {
    AppError::of(PRECONDITION, "It has been changed since you last read it. Read it again, then decide.")
}

/// The condition of whoever writes whatever stands there, as forms do.
///
/// # Errors
/// Never.
pub async fn whatever_stands(_: &mut PgConnection) -> Result<()> {
    Ok(())
}

impl<S: Send + Sync> FromRequestParts<S> for Condition {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let lines = |header: HeaderName| {
            let all: Vec<HeaderValue> = parts.headers.get_all(&header).iter().cloned().collect();
            all.into_iter().map(move |line| (header.clone(), line))
        };
        let mut headers = HeaderMap::new();
        for (header, line) in lines(IF_MATCH).chain(lines(IF_NONE_MATCH)) {
            headers.append(header, line);
        }
        Ok(Self(headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(header: HeaderName, value: String) -> Condition {
        Condition(HeaderMap::from_iter([(header, HeaderValue::try_from(value).unwrap())]))
    }

    #[test]
    fn a_write_goes_through_only_where_what_was_read_still_stands() {
        let tag = tags::of(b"[1]");
        assert!(Condition::default().hold(Some([1])).is_ok());
        assert!(condition(IF_MATCH, tag.clone()).hold(Some([1])).is_ok());
        assert!(condition(IF_MATCH, format!("\"x\", {tag}")).hold(Some([1])).is_ok());
        assert!(condition(IF_MATCH, tag.clone()).hold(Some([2])).is_err());
        assert!(condition(IF_MATCH, tag).hold(None::<i32>).is_err());
        assert!(condition(IF_MATCH, "*".to_owned()).hold(None::<i32>).is_err());
        assert!(condition(IF_NONE_MATCH, "*".to_owned()).hold(None::<i32>).is_ok());
        assert!(condition(IF_NONE_MATCH, "*".to_owned()).hold(Some([1])).is_err());
        assert!(condition(IF_MATCH, "\"ab\"".to_owned()).hold_file(Some("ab".to_owned())).is_ok());
        assert!(condition(IF_MATCH, "\"ab\"".to_owned()).hold_file(Some("cd".to_owned())).is_err());
    }
}
