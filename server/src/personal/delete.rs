//! The end of an account: asked for with the password, cancelled at will, carried out after a week.
//!
//! The row of the person stays as that of a former member: final boards, team results and votes rest on it.

use std::time::Duration;

use super::model::{AGAIN, Deletion, WAITING};
use super::store;
use crate::accounts::client::Client;
use crate::accounts::model::Member;
use crate::accounts::password_changes;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::mail::{self, Letter};
use crate::notebooks::store as notebooks;
use crate::paths;
use crate::retention::unnamed;
use crate::web::format;

const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What somebody types who wants their account deleted.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    pub password: &'a str,
    /// Of the authenticator app, where they have one.
    pub code: Option<&'a str>,
    pub removes_posts: bool,
}

/// Begins the wait; of a wish that stands already the choice alone changes. They are told by mail.
///
/// # Errors
/// [`AppError::Field`] for a wrong password or code; [`AppError::TooMany`] after too many attempts; [`AppError::Refused`] with
/// what to hand over first.
pub async fn ask(app: &App, client: &Client, member: &Member, wish: Wish<'_>) -> Result<Deletion> {
    let password = wish.password.to_owned();
    let account = password_changes::ask_again(app, client, member, password, wish.code).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if let Some(sentence) = store::hindrances(&mut tx, member.id).await?.sentence() {
        return Err(AppError::refused(sentence));
    }
    let deletion = store::ask(&mut tx, member.id, now, now + WAITING, wish.removes_posts).await?;
    if deletion.asked_at == now {
        let letter = letter(&account.email, &member.username, &app.config.public_url, &deletion);
        mail::post(&mut tx, &letter, now).await?;
    }
    tx.commit().await?;
    Ok(deletion)
}

fn letter(to: &str, username: &str, public_url: &str, deletion: &Deletion) -> Letter {
    Letter {
        to: to.to_owned(),
        subject: "Your account will be deleted".to_owned(),
        body: format!(
            "Someone, probably you, asked to delete the account {username} at {public_url}.\n\n\
             It will be deleted on {}. Until then you can sign in and keep it at {public_url}{}.\n\n\
             If it was not you, keep it there and change your password.\n",
            format::time(&deletion.due_at),
            paths::SETTINGS_DATA,
        ),
        unsubscribe_url: None,
    }
}

/// Keeps the account.
///
/// # Errors
/// [`AppError::NotFound`] where nobody asked for its end.
pub async fn cancel(app: &App, member: &Member) -> Result<()> {
    let mut conn = app.db.acquire().await?;
    if store::cancel(&mut conn, member.id).await? { Ok(()) } else { Err(AppError::NotFound) }
}

/// Runs for ever.
pub async fn delete_forever(app: App) {
    loop {
        match delete_next(&app).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
            Err(error) => {
                tracing::warn!(%error, "an account cannot be deleted; trying again");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

/// Ends one account whose time has come, or puts it off where something is in the way; `false` when there is none.
///
/// # Errors
/// Those of the database.
pub async fn delete_next(app: &App) -> Result<bool> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some((user, removes_posts)) = store::next_due(&mut tx, now).await? else { return Ok(false) };
    if store::hindrances(&mut tx, user).await?.sentence().is_some() {
        store::put_off(&mut tx, user, now + AGAIN).await?;
        tx.commit().await?;
        return Ok(true);
    }
    let mut keys = Vec::new();
    for notebook in store::notebooks_to_remove(&mut tx, user, removes_posts).await? {
        keys.extend(notebooks::delete(&mut tx, notebook, now).await?.unwrap_or_default());
        store::unname_notebook(&mut tx, notebook).await?;
    }
    keys.extend(store::erase(&mut tx, user, removes_posts, now).await?);
    tx.commit().await?;
    unnamed::remove_all(app, keys).await;
    tracing::info!(user = user.0, "an account was deleted as its owner asked");
    Ok(true)
}
