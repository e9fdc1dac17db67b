//! What hosts read of their webhooks, one function for pages and JSON.

use super::model::{Delivery, Webhook};
use super::store;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::access::Seen;
use crate::error::{AppError, Result};
use crate::ids::WebhookId;

/// All webhooks of a competition.
///
/// # Errors
/// Those of the database.
pub async fn list(app: &App, seen: &Seen) -> Result<Vec<Webhook>> {
    Ok(store::list(&mut *app.db.acquire().await?, seen.competition.id).await?)
}

/// # Errors
/// [`AppError::NotFound`] for what is no webhook of this competition.
pub async fn find(app: &App, seen: &Seen, id: WebhookId) -> Result<Webhook> {
    let mut conn = app.db.acquire().await?;
    store::find(&mut conn, seen.competition.id, id).await?.ok_or(AppError::NotFound)
}

/// A webhook, and what was sent to it, newest first.
///
/// # Errors
/// As [`find`].
pub async fn with_deliveries(
    app: &App,
    seen: &Seen,
    id: WebhookId,
    keyset: Keyset,
) -> Result<(Webhook, Slice<Delivery>)> {
    let webhook = find(app, seen, id).await?;
    let mut conn = app.db.acquire().await?;
    let found = store::deliveries(&mut conn, webhook.id, keyset.before(), keyset.fetched()).await?;
    Ok((webhook, keyset.slice(found, |delivery| delivery.id)))
}
