//! The page that takes an image, and says how to show it in a text.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::response::{IntoResponse, Response};

use super::{show, upload};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::forms::{Mistake, mistake, show_again};
use crate::web::routing::{form, get};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    let form = form(show_form, post_image).layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES));
    Router::new().route(paths::IMAGES, form).route(paths::IMAGE, get(show::show))
}

/// A file of the largest size and the form around it.
pub(super) const BODY_LIMIT_BYTES: usize = (8 << 20) + 4096;

#[derive(Template, WebTemplate)]
#[template(path = "images/images.html")]
pub struct ImagesPage {
    pub shell: Shell,
    /// Address of the image that was taken; empty before.
    pub address: String,
    pub mistake: Mistake,
}

impl ImagesPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            address: "/images/5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11".to_owned(),
            mistake: Mistake::new("file", "This is no image that can be shown."),
        }
    }

    pub fn markdown(&self) -> String {
        format!("![What it shows]({})", self.address)
    }
}

async fn show_form(SignedIn(_): SignedIn, shell: Shell) -> ImagesPage {
    ImagesPage { shell, address: String::new(), mistake: Mistake::none() }
}

async fn post_image(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    shell: Shell,
    form: Multipart,
) -> Result<Response> {
    let taken = match file_in(form).await {
        Ok(file) => upload::take(&app, &member, file).await,
        Err(error) => Err(error),
    };
    match mistake(taken)? {
        Ok(id) => {
            Ok(ImagesPage { shell, address: paths::image(id), mistake: Mistake::none() }.into_response())
        }
        Err(mistake) => Ok(show_again(ImagesPage { shell, address: String::new(), mistake })),
    }
}

/// The bytes of a form's `file`.
async fn file_in(mut form: Multipart) -> Result<Vec<u8>> {
    let broken =
        |_| AppError::field("file", "The form could not be read to its end: an image has at most 8 MiB.");
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if field.name() == Some("file") {
            let bytes = field.bytes().await.map_err(broken)?;
            if bytes.len() as u64 > upload::LARGEST_BYTES {
                return Err(AppError::field("file", "Send an image of at most 8 MiB."));
            }
            return Ok(bytes.to_vec());
        }
    }
    Err(AppError::field("file", "Choose an image first."))
}
