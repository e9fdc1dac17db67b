//! The certificate to print, and the page that says whether it is still true.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State};
use uuid::Uuid;

use super::model::{Certificate, Placing, Standing};
use super::read;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::OWN_CERTIFICATE, get(show_own))
        .route(paths::CERTIFICATE, get(show_verification))
}

#[derive(Template, WebTemplate)]
#[template(path = "certificates/certificate.html")]
pub struct CertificatePage {
    pub shell: Shell,
    pub certificate: Certificate,
    /// The installation's own address.
    pub site: String,
}

impl CertificatePage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            certificate: Certificate::sample(),
            site: "https://holdout.example".to_owned(),
        }
    }
}

async fn show_own(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<CertificatePage> {
    let certificate = read::own(&app, &member, &slug).await?;
    let site = app.config.public_url.trim_end_matches('/').to_owned();
    Ok(CertificatePage { shell, certificate, site })
}

#[derive(Template, WebTemplate)]
#[template(path = "certificates/verification.html")]
pub struct VerificationPage {
    pub shell: Shell,
    pub certificate: Certificate,
    pub standing: Standing,
}

impl VerificationPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            certificate: Certificate::sample(),
            standing: Standing::Changed(Placing { rank: 4, ..Placing::sample() }),
        }
    }
}

async fn show_verification(
    State(app): State<App>,
    Path(code): Path<String>,
    shell: Shell,
) -> Result<VerificationPage> {
    let code: Uuid = code.parse().map_err(|_| AppError::NotFound)?;
    let (certificate, standing) = read::verify(&app, code).await?;
    Ok(VerificationPage { shell, certificate, standing })
}
