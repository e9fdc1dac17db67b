//! What everybody who sees a competition reads of its announcements.

use super::model::Announcement;
use super::store;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::competitions::access::Seen;
use crate::error::{AppError, Result};
use crate::ids::BulletinId;

/// Announcements, newest first; withdrawn ones with their mark.
///
/// # Errors
/// Those of the database.
pub async fn list(app: &App, seen: &Seen, keyset: Keyset) -> Result<Slice<Announcement>> {
    let mut conn = app.db.acquire().await?;
    let found = store::list(&mut conn, seen.competition.id, keyset.before(), keyset.fetched()).await?;
    Ok(keyset.slice(found, |one| one.id.0))
}

/// # Errors
/// [`AppError::NotFound`] for what is no announcement of this competition.
pub async fn find(app: &App, seen: &Seen, id: BulletinId) -> Result<Announcement> {
    let mut conn = app.db.acquire().await?;
    store::find(&mut conn, seen.competition.id, id).await?.ok_or(AppError::NotFound)
}
