//! Of whom the site asks a second factor. Who lacks it then reaches the page that sets it up, and no other.

use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::site::model::AskedOf;

const SENTENCE: &str = "This site requires two-factor sign-in for your account. Set it up in your settings.";

/// # Errors
/// Those of the database.
pub async fn is_asked_of(app: &App, member: &Member) -> Result<bool> {
    match app.site.get().two_factors_for {
        AskedOf::Nobody => Ok(false),
        AskedOf::Administrators => Ok(member.is_admin),
        AskedOf::Everybody => Ok(true),
        AskedOf::Hosts if member.is_admin => Ok(true),
        AskedOf::Hosts => Ok(store::is_host(&mut *app.db.acquire().await?, member.id).await?),
    }
}

/// Whether somebody has yet to set up what the site asks.
///
/// # Errors
/// Those of the database.
pub async fn is_lacking(app: &App, member: &Member) -> Result<bool> {
    if !is_asked_of(app, member).await? {
        return Ok(false);
    }
    Ok(!store::has(&mut *app.db.acquire().await?, member.id).await?)
}

/// # Errors
/// [`AppError::Refused`] for whom it lacks.
pub async fn refuse_lacking(app: &App, member: &Member) -> Result<()> {
    if is_lacking(app, member).await? { Err(AppError::refused(SENTENCE)) } else { Ok(()) }
}
