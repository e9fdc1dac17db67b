//! Another address is asked for, by whoever knows the password, and may be withdrawn until its link is used.

use super::{letters, store};
use crate::accounts::client::Client;
use crate::accounts::events::{self, Event, What};
use crate::accounts::model::{self, Member};
use crate::accounts::password_changes;
use crate::accounts::store::links;
use crate::accounts::two_factors::prove;
use crate::app::App;
use crate::error::{AppError, Result};

/// What somebody types who wants another address.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    pub email: &'a str,
    pub password: &'a str,
    /// Where there is a second factor.
    pub code: Option<&'a str>,
}

/// Mails a link to the address; the one in force stays until it is used, and is told once. A wish that waits gives way to
/// this one.
///
/// # Errors
/// [`AppError::Field`] for a wrong address, password or code; [`AppError::TooMany`] after too many attempts.
pub async fn ask(app: &App, client: &Client, member: &Member, wish: Wish<'_>) -> Result<()> {
    let wrong = |sentence: String| AppError::field("email", sentence);
    let email = model::email(wish.email).map_err(wrong)?;
    let account =
        password_changes::confirm(app, client, member, wish.password.to_owned(), "password").await?;
    if email == account.email {
        return Err(wrong("This is already your address.".to_owned()));
    }
    app.limits.confirm(client, member, &email)?;
    prove::step_up(app, member.id, wish.code).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let holder = store::lock(&mut tx, member.id).await?.ok_or(AppError::SignIn)?;
    let was_asked = store::standing(&mut tx, member.id, now).await?.pending.is_some();
    letters::send_change(app, &mut tx, member.id, &holder.username, &email, now).await?;
    if !was_asked {
        letters::tell_asked(app, &mut tx, &holder.username, &holder.email, now).await?;
    }
    events::note(&mut tx, member.id, &Event::from(What::AskedForAddress, client), now).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes the wish back: its link is worth nothing.
///
/// # Errors
/// [`AppError::NotFound`] where none waits.
pub async fn withdraw(app: &App, client: &Client, member: &Member) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !links::withdraw_change(&mut tx, member.id).await? {
        return Err(AppError::NotFound);
    }
    events::note(&mut tx, member.id, &Event::from(What::WithdrewAddress, client), now).await?;
    tx.commit().await?;
    Ok(())
}
