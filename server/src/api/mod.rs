//! How JSON works: problems, tokens, paging. No rule and no SQL is here; every room has its own `api.rs`.

pub mod paging;
pub mod problems;
pub mod token;

use crate::error::{AppError, Result};

/// Where no route of the API is.
///
/// # Errors
/// Always [`AppError::NotFound`].
pub async fn unknown_address() -> Result<()> {
    Err(AppError::NotFound)
}
