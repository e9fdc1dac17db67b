//! Forms that come back: what was typed stays, with a sentence beside the field that was wrong.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use crate::error::{AppError, Result};
use crate::web::shell::flash;

/// What was wrong with a form, for its template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mistake(Option<(&'static str, String)>);

impl Mistake {
    pub fn none() -> Self {
        Self(None)
    }

    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self(Some((field, message.into())))
    }

    /// The sentence for one field; empty where it is right.
    pub fn of(&self, field: &str) -> &str {
        match &self.0 {
            Some((wrong, message)) if *wrong == field => message,
            _ => "",
        }
    }

    /// The sentence, whichever field it is about; empty where nothing is wrong.
    pub fn sentence(&self) -> &str {
        self.0.as_ref().map_or("", |(_, message)| message)
    }

    /// `aria-invalid` of a field.
    pub fn invalid(&self, field: &str) -> &'static str {
        if self.of(field).is_empty() { "false" } else { "true" }
    }
}

/// Turns what a person can mend on the form into a [`Mistake`]; passes the rest on.
///
/// # Errors
/// Everything but [`AppError::Field`], [`AppError::Refused`] and [`AppError::JoinFirst`].
pub fn mistake<T>(outcome: Result<T>) -> Result<std::result::Result<T, Mistake>> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(AppError::Field { field, message }) => Ok(Err(Mistake::new(field, message))),
        Err(AppError::Refused(sentence) | AppError::JoinFirst(sentence)) => {
            Ok(Err(Mistake::new("form", sentence)))
        }
        Err(other) => Err(other),
    }
}

/// Whoever sends too much for now keeps what they typed: to a form, a limit is a mistake like others.
///
/// # Errors
/// Those of `outcome`.
pub fn kept<T>(outcome: Result<T>) -> Result<T> {
    outcome.map_err(|error| match error {
        AppError::TooMany { message, .. } => AppError::Refused(message),
        other => other,
    })
}

/// After a form that was right: on to a page that says so once, so that a reload sends nothing again.
pub fn redirect_saying(address: &str, sentence: &str) -> Response {
    ([flash(sentence)], Redirect::to(address)).into_response()
}

/// A form that has to be corrected: its page again, as it was filled in, with status 422.
pub fn show_again(page: impl IntoResponse) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_stands_beside_its_field_alone() {
        let wrong = Mistake::new("title", "Give it a title.");
        assert_eq!(wrong.of("title"), "Give it a title.");
        assert_eq!(wrong.of("slug"), "");
        assert_eq!(wrong.invalid("title"), "true");
        assert!(matches!(mistake::<()>(Err(AppError::field("a", "b"))), Ok(Err(_))));
        assert!(mistake::<()>(Err(AppError::NotFound)).is_err());
    }
}
