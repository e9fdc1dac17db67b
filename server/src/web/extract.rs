//! Extractors that several rooms use.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::accounts::model::Member;
use crate::error::{AppError, Result};
use crate::web::shell::Shell;

/// A page for members only: visitors are sent to sign in.
pub struct SignedIn(pub Member);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let shell = parts.extensions.get::<Shell>().ok_or(AppError::SignIn)?;
        shell.member().cloned().map(SignedIn)
    }
}
