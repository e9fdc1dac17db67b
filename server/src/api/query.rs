//! The query of an address, or a problem that says what in it cannot be read.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::body::{at_field, located};
use crate::error::{AppError, Result};

/// As axum's `Query`; what cannot be read is a `field` problem, for every method alike.
#[derive(Debug, Clone, Copy)]
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Query(query) = Query::try_from_uri(&parts.uri).map_err(|rejection| {
            let fault = located::<serde_urlencoded::de::Error>(&rejection);
            let path = fault.map(|fault| fault.path().to_string()).unwrap_or_default();
            let why = fault.map_or_else(|| rejection.body_text(), |fault| fault.inner().to_string());
            at_field("query", &path, &why)
        })?;
        Ok(Self(query))
    }
}
