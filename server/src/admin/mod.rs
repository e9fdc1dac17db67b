//! What an administrator sees and does: numbers, the outbox, accounts, the queue, the log.
//!
//! Never here: a private score, a password, a token. For everybody else these pages do not exist.

pub mod api;
pub mod pages;
pub mod read;
pub mod roles;
pub mod room;
pub mod store;
pub mod suspend;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::accounts::model::Member;
use crate::error::{AppError, Result};
use crate::web::shell::Shell;

/// A page for administrators alone: all others are told that it does not exist.
pub struct Admin(pub Member);

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let viewer = parts.extensions.get::<Shell>().and_then(|shell| shell.viewer.clone());
        viewer.filter(|member| member.is_admin).map(Self).ok_or(AppError::NotFound)
    }
}
