//! The providers that the operator lists, as they are offered to people.

use super::settings::Provider;
use super::store;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;

/// A provider as it is named to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// In addresses.
    pub name: String,
    /// On buttons.
    pub title: String,
    pub is_linked: bool,
}

/// All that the operator lists, for somebody who is not signed in.
pub fn offered(app: &App) -> Vec<Offered> {
    offer(&app.config.providers, &[])
}

/// All that the operator lists, and which of them sign this account in.
///
/// # Errors
/// Those of the database.
pub async fn offered_to(app: &App, user: UserId) -> Result<Vec<Offered>> {
    let issuers = store::issuers(&mut *app.db.acquire().await?, user).await?;
    Ok(offer(&app.config.providers, &issuers))
}

fn offer(providers: &[Provider], linked: &[String]) -> Vec<Offered> {
    let of = |provider: &Provider| Offered {
        name: provider.name.clone(),
        title: provider.title.clone(),
        is_linked: linked.contains(&provider.issuer),
    };
    providers.iter().map(of).collect()
}

/// # Errors
/// [`AppError::NotFound`] for a name that the operator does not list.
pub fn provider<'a>(app: &'a App, name: &str) -> Result<&'a Provider> {
    app.config.providers.iter().find(|provider| provider.name == name).ok_or(AppError::NotFound)
}
