//! An address is confirmed: by its link, once, signed in or not. Looking at the link changes nothing, since programs that
//! look for malice in mail follow links.

use sqlx::PgConnection;

use super::{letters, store};
use crate::accounts::client::Client;
use crate::accounts::events::{self, Event, What};
use crate::accounts::model::Member;
use crate::accounts::providers::settings::Provider;
use crate::accounts::store::links;
use crate::accounts::store::links::Confirmation;
use crate::accounts::{secret, sessions};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;

/// What a link confirms.
///
/// # Errors
/// [`AppError::Refused`] when it was used, has run out, or another one took its place.
pub async fn look(app: &App, token: &str) -> Result<Confirmation> {
    let mut conn = app.db.acquire().await?;
    let found = links::find_confirmation(&mut conn, &secret::digest(token), app.clock.now()).await?;
    found.ok_or_else(dead_link)
}

/// What became of a link.
#[derive(Debug)]
pub struct Confirmed {
    pub email: String,
    /// Of the session of whoever confirmed a change of their own address: it goes on with this secret.
    pub session: Option<String>,
}

/// Uses a link. Where the account had another address, that one is told; all other sessions end, as at a new password.
///
/// # Errors
/// As [`look`]; [`AppError::Refused`] where another account has the address by now.
pub async fn confirm(app: &App, client: &Client, token: &str) -> Result<Confirmed> {
    let (token_hash, now) = (secret::digest(token), app.clock.now());
    let mut tx = app.db.begin().await?;
    let found = links::find_confirmation(&mut tx, &token_hash, now).await?.ok_or_else(dead_link)?;
    // The account before the link, as whoever changes a password locks them.
    let holder = store::lock(&mut tx, found.user_id).await?.ok_or_else(dead_link)?;
    let email = links::use_confirmation(&mut tx, &token_hash, now).await?.ok_or_else(dead_link)?;
    let user = found.user_id;
    let session = if email == holder.email {
        if store::confirm(&mut tx, user, now).await? {
            events::note(&mut tx, user, &Event::from(What::ConfirmedAddress, client), now).await?;
        }
        None
    } else {
        store::set(&mut tx, user, &email, now).await.map_err(taken)?;
        links::withdraw_all(&mut tx, user).await?;
        letters::tell_changed(app, &mut tx, &holder.username, &holder.email, now).await?;
        events::note(&mut tx, user, &Event::from(What::ChangedAddress, client), now).await?;
        sessions::renew(&mut tx, user, client, now).await?
    };
    tx.commit().await?;
    Ok(Confirmed { email, session })
}

/// Mails the link again: to the address that was asked for, or to the one in force while it is not confirmed.
///
/// # Errors
/// [`AppError::Refused`] where nothing is left to confirm; [`AppError::TooMany`] after too many letters.
pub async fn send_again(app: &App, client: &Client, member: &Member) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let holder = store::lock(&mut tx, member.id).await?.ok_or(AppError::SignIn)?;
    let pending = store::standing(&mut tx, member.id, now).await?.pending;
    match pending {
        Some(email) => {
            app.limits.confirm(client, member, &email)?;
            letters::send_change(app, &mut tx, member.id, &holder.username, &email, now).await?;
        }
        None if holder.is_confirmed => return Err(AppError::refused("Your address is confirmed already.")),
        None => {
            app.limits.confirm(client, member, &holder.email)?;
            letters::send_link(app, &mut tx, member.id, &holder.username, &holder.email, now).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Takes an address as confirmed that a provider says is this person's, where it is the account's very one.
///
/// # Errors
/// Those of the database.
pub async fn by_provider(
    app: &App,
    conn: &mut PgConnection,
    user: UserId,
    provider: &Provider,
    email: Option<&str>,
) -> Result<()> {
    let now = app.clock.now();
    let Some(email) = email.map(str::to_lowercase) else { return Ok(()) };
    if store::confirm_if(conn, user, &email, now).await? {
        events::note(conn, user, &Event::new(What::ConfirmedAddress).of(&provider.title), now).await?;
    }
    Ok(())
}

fn taken(error: sqlx::Error) -> AppError {
    match error.as_database_error().and_then(|error| error.constraint()) {
        Some("users_email_taken") => {
            AppError::refused("Another account now has this address, so yours keeps its current one.")
        }
        _ => error.into(),
    }
}

fn dead_link() -> AppError {
    AppError::refused(
        "This link has already been used, has expired, or has been replaced. Request a new one in your settings.",
    )
}
