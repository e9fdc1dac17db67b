//! How JSON works: problems and tokens. No rule and no SQL is here; every room has its own `api.rs`.

pub mod problems;

use crate::error::{AppError, Result};

/// Where no route of the API is.
///
/// # Errors
/// Always [`AppError::NotFound`].
pub async fn unknown_address() -> Result<()> {
    Err(AppError::NotFound)
}
