//! What moderators look at: hosts what concerns their competitions, administrators everything, others nothing.

use crate::accounts::model::Member;
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::moderation::model::{Case, Entry};
use crate::moderation::store;

/// What is reported where somebody looks after something.
///
/// # Errors
/// [`AppError::NotFound`] for who moderates nothing.
pub async fn cases(app: &App, member: &Member, keyset: Keyset) -> Result<Slice<Case>> {
    let mut conn = app.db.acquire().await?;
    let keys = if member.is_admin {
        store::reported(&mut conn, keyset.before(), keyset.fetched()).await?
    } else if store::hosts_anything(&mut conn, member.id).await? {
        store::reported_to_host(&mut conn, member.id, keyset.before(), keyset.fetched()).await?
    } else {
        return Err(AppError::NotFound);
    };
    let keys = keyset.slice(keys, |(_, key)| *key);
    Ok(Slice { items: store::cases(&mut conn, &keys.items).await?, next: keys.next })
}

/// What moderators did where somebody looks after something.
///
/// # Errors
/// [`AppError::NotFound`] for who moderates nothing.
pub async fn entries(app: &App, member: &Member, keyset: Keyset) -> Result<Slice<Entry>> {
    let mut conn = app.db.acquire().await?;
    let entries = if member.is_admin {
        store::log(&mut conn, keyset.before(), keyset.fetched()).await?
    } else if store::hosts_anything(&mut conn, member.id).await? {
        store::log_of_host(&mut conn, member.id, keyset.before(), keyset.fetched()).await?
    } else {
        return Err(AppError::NotFound);
    };
    Ok(keyset.slice(entries, |entry| entry.id))
}
