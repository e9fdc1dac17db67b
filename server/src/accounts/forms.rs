//! Forms about accounts that come back: all wrong fields at once, and the status that fits.
//!
//! `web::forms` is the simpler way for forms that are wrong in one place at a time.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::error::{AppError, Result};

/// What is wrong with a form; empty when nothing is.
#[derive(Debug, Clone, Default)]
pub struct FormErrors {
    fields: Vec<(&'static str, String)>,
    general: Option<String>,
    status: Option<StatusCode>,
    retry_after_seconds: Option<u64>,
}

impl FormErrors {
    /// Keeps a field's sentence and gives out its value when there is none.
    pub fn check<T>(&mut self, field: &'static str, read: Result<T, String>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(sentence) => {
                self.fields.push((field, sentence));
                None
            }
        }
    }

    /// What a form can show of an error.
    ///
    /// # Errors
    /// Those that are not about the form are given back.
    pub fn from_error(error: AppError) -> Result<Self> {
        let mut errors = Self::default();
        match error {
            AppError::Field { field, message } => errors.fields.push((field, message)),
            AppError::Refused(sentence) => {
                errors.general = Some(sentence);
                errors.status = Some(StatusCode::FORBIDDEN);
            }
            AppError::TooMany { message, retry_after_seconds } => {
                errors.general = Some(message);
                errors.status = Some(StatusCode::TOO_MANY_REQUESTS);
                errors.retry_after_seconds = Some(retry_after_seconds);
            }
            other => return Err(other),
        }
        Ok(errors)
    }

    /// The sentence beside a field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.fields.iter().find_map(|(name, sentence)| (*name == field).then_some(sentence.as_str()))
    }

    /// The sentence above the form.
    pub fn general(&self) -> Option<&str> {
        self.general.as_deref()
    }

    /// The form's page with the status that fits.
    pub fn answer(&self, page: impl IntoResponse) -> Response {
        let mut response = page.into_response();
        *response.status_mut() = self.status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// For the API, which names one field at a time.
impl From<FormErrors> for AppError {
    fn from(mut errors: FormErrors) -> Self {
        match (errors.fields.is_empty(), errors.general) {
            (false, _) => {
                let (field, message) = errors.fields.swap_remove(0);
                Self::Field { field, message }
            }
            (true, sentence) => Self::Refused(sentence.unwrap_or_default()),
        }
    }
}
