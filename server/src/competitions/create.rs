//! Beginning a competition: a draft that only its host sees.

use crate::accounts::model::Member;
use crate::accounts::store::users;
use crate::app::App;
use crate::competitions::model::Competition;
use crate::competitions::settings::{Basics, Timeline};
use crate::competitions::{propose, store};
use crate::error::{AppError, Result};
use crate::forum;
use crate::ids::CompetitionId;

/// An address made from a title may be taken: so many others are tried, `…-2`, `…-3`.
const ADDRESS_TRIES: u32 = 50;

/// Where the address of a new competition comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// The host typed it: taken is taken.
    Typed,
    /// Made from the title: numbered when taken.
    Made,
}

impl Address {
    /// Whether a slug was typed.
    pub fn of(slug: &str) -> Self {
        if slug.trim().is_empty() { Self::Made } else { Self::Typed }
    }
}

/// Whether this member may host.
///
/// # Errors
/// [`AppError::Refused`] where the installation lets administrators host only, and those whom they chose.
pub async fn may_host(app: &App, member: &Member) -> Result<()> {
    if app.site.get().members_may_host
        || member.is_admin
        || users::may_host(&mut *app.db.acquire().await?, member.id).await?
    {
        return Ok(());
    }
    Err(AppError::refused("Administrators of this site choose who can host competitions: ask one of them."))
}

/// Adds a draft with proposed pages and a proposed timeline.
///
/// # Errors
/// [`AppError::Refused`] when this member may not host; [`AppError::Field`] when the address is taken.
pub async fn create(app: &App, host: &Member, basics: Basics, address: Address) -> Result<Competition> {
    may_host(app, host).await?;
    let mut tx = app.db.begin().await?;
    let (id, slug) = insert(app, &mut tx, host, basics, address).await?;
    propose::refresh(&mut tx, id, app.clock.now()).await?;
    tx.commit().await?;
    let mut conn = app.db.acquire().await?;
    store::find(&mut conn, &slug).await?.ok_or(AppError::NotFound)
}

/// As [`create`], inside a transaction of the caller's; gives id and address.
///
/// # Errors
/// As [`create`].
pub async fn insert(
    app: &App,
    tx: &mut sqlx::Transaction<'_, sqlx::Postgres>,
    host: &Member,
    mut basics: Basics,
    address: Address,
) -> Result<(CompetitionId, String)> {
    let now = app.clock.now();
    let wished = basics.slug.clone();
    for number in 1..=ADDRESS_TRIES {
        if number > 1 {
            basics.slug =
                format!("{}-{number}", wished.chars().take(56).collect::<String>().trim_end_matches('-'));
        }
        if store::exists(tx, &basics.slug).await? {
            if address == Address::Typed {
                break;
            }
            continue;
        }
        let id = store::drafts::create(tx, host.id, &basics, &Timeline::proposed(now), now)
            .await
            .map_err(taken)?;
        forum::of_hosts::follow(tx, id, host.id, now).await?;
        return Ok((id, basics.slug));
    }
    Err(AppError::field("slug", format!("The address “{wished}” is taken: choose another.")))
}

/// Turns the constraint on addresses into a sentence.
pub fn taken(error: sqlx::Error) -> AppError {
    let is_taken =
        error.as_database_error().and_then(|error| error.constraint()) == Some("competitions_slug_taken");
    if is_taken { AppError::field("slug", "This address is taken: choose another.") } else { error.into() }
}
