//! How JSON works: problems, tokens, paging, and the document that describes it all. No rule and no SQL is here; every room has its own `api.rs`.

pub mod body;
pub mod conditions;
pub mod examples;
pub mod openapi;
pub mod pace;
pub mod paging;
pub mod problems;
pub mod query;
pub mod reference;
pub mod routes;
pub mod tags;
pub mod token;

use crate::error::{AppError, Result};

/// Where no route of the API is.
///
/// # Errors
/// Always [`AppError::NotFound`].
pub async fn unknown_address() -> Result<()> {
    Err(AppError::NotFound)
}
