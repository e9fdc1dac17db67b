//! Changing a password, and setting one that was forgotten.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::accounts::client::Client;
use crate::accounts::events::{self, Event, What};
use crate::accounts::model::{self, Member};
use crate::accounts::providers::store as identities;
use crate::accounts::store::{links, sessions as stored_sessions, tokens, users};
use crate::accounts::two_factors::prove;
use crate::accounts::{addresses, secret, sessions};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;
use crate::mail::{self, Letter};
use crate::paths;

const RESET_LINK_LIFE: TimeDelta = TimeDelta::hours(1);

/// Every answer to a request for a link takes at least this long, whether or not there was somebody
/// to send it to.
const EQUAL_TIME: Duration = Duration::from_millis(200);

/// What somebody types to change the password.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub current: &'a str,
    pub wanted: &'a str,
    /// Where there is a second factor.
    pub code: Option<&'a str>,
}

/// Sets a new password for somebody who knows the old one. All other sessions end, and this one
/// gets a new secret, which is returned; `None` for who came without a session.
///
/// # Errors
/// [`AppError::Field`] when the old password or the code is wrong or the new one is not good enough;
/// [`AppError::TooMany`] after too many attempts.
pub async fn change(
    app: &App,
    client: &Client,
    member: &Member,
    typed: Change<'_>,
) -> Result<Option<String>> {
    let account = confirm(app, client, member, typed.current.to_owned(), "current").await?;
    let site = app.site.get();
    let wanted = model::new_password(typed.wanted, &[&site.name, &member.username, &account.email])
        .map_err(|sentence| AppError::field("password", sentence))?;
    prove::step_up(app, member.id, typed.code).await?;
    let password_hash = app.passwords.hash(wanted).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    users::set_password(&mut tx, member.id, &password_hash).await?;
    links::withdraw(&mut tx, member.id).await?;
    let secret = sessions::renew(&mut tx, member.id, client, now).await?;
    events::note(&mut tx, member.id, &Event::from(What::ChangedPassword, client), now).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Makes sure that somebody who is signed in knows the password.
///
/// # Errors
/// [`AppError::Field`] for `field` where they do not; [`AppError::TooMany`] after too many attempts.
pub async fn confirm(
    app: &App,
    client: &Client,
    member: &Member,
    password: String,
    field: &'static str,
) -> Result<users::Credentials> {
    app.limits.sign_in(client, &member.username)?;
    let account = {
        let mut conn = app.db.acquire().await?;
        users::credentials_by_id(&mut conn, member.id).await?.ok_or(AppError::SignIn)?
    };
    if !account.has_password() {
        Err(AppError::field(
            field,
            "Your account has no password yet. Request a link to set one with “Forgot the password?” on the sign-in \
            page.",
        ))
    } else if app.passwords.verify(password, Some(account.password_hash.clone())).await? {
        Ok(account)
    } else {
        events::note_failure(app, Some(member.id), Event::from(What::WrongPassword, client));
        Err(AppError::field(field, "This is not your current password."))
    }
}

/// Asks somebody who is signed in again for all that signing in takes: for what a stolen session or token must not do.
///
/// # Errors
/// As [`confirm`] for the field `password`, and as [`prove::step_up`].
pub async fn ask_again(
    app: &App,
    client: &Client,
    member: &Member,
    password: String,
    code: Option<&str>,
) -> Result<users::Credentials> {
    let account = confirm(app, client, member, password, "password").await?;
    prove::step_up(app, member.id, code).await?;
    Ok(account)
}

/// Sends a link to set a new password, if there is such an account. Nothing tells the caller
/// whether there is, not even the time that it takes.
///
/// # Errors
/// [`AppError::TooMany`] after too many requests; those of the database.
pub async fn request_reset(app: &App, client: &Client, login: &str) -> Result<()> {
    let (outcome, ()) = tokio::join!(send_reset(app, client, login), tokio::time::sleep(EQUAL_TIME));
    outcome
}

async fn send_reset(app: &App, client: &Client, login: &str) -> Result<()> {
    app.limits.reset(client, login)?;
    let mut tx = app.db.begin().await?;
    let Some(account) = users::credentials(&mut tx, login).await? else { return Ok(()) };
    if account.suspended_at.is_some() {
        return Ok(());
    }
    let now = app.clock.now();
    let token = secret::draw();
    links::insert_reset(&mut tx, &secret::digest(&token), account.member.id, now, now + RESET_LINK_LIFE)
        .await?;
    let letter = reset_letter(&account, &app.config.public_url, &token);
    mail::post(&mut tx, &letter, now).await?;
    tx.commit().await?;
    Ok(())
}

fn reset_letter(account: &users::Credentials, public_url: &str, token: &str) -> Letter {
    let username = &account.member.username;
    let path = paths::reset_password(token);
    let beside = if account.member.has_confirmed_email { "" } else { SHUTS_OUT };
    Letter {
        unsubscribe_url: None,
        to: account.email.clone(),
        subject: "Set a new password".to_owned(),
        body: format!(
            "Someone, probably you, asked to set a new password for the account {username} at {public_url}.\n\n\
             To set it, open this link within an hour:\n\n{public_url}{path}\n\n{beside}\
             If it was not you, do nothing: your password stays as it is.\n"
        ),
    }
}

/// In the letter for an account whose address nobody confirmed.
const SHUTS_OUT: &str = "This address was not confirmed before. A new password confirms it, and ends by what somebody else \
    could still come in: all sessions, API tokens and links to accounts elsewhere.\n\n";

/// # Errors
/// [`AppError::Refused`] when the link was used, has run out or never was.
pub async fn check_reset_link(app: &App, token: &str) -> Result<()> {
    let mut conn = app.db.acquire().await?;
    let is_live =
        links::is_live(&mut conn, &secret::digest(token), "reset_password", app.clock.now()).await?;
    if is_live { Ok(()) } else { Err(dead_link()) }
}

/// What came with a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlsoEnded {
    pub tokens: bool,
    pub identities: bool,
}

impl AlsoEnded {
    /// What the account's owner is told of it; empty where nothing more ended.
    pub fn sentence(self) -> String {
        let what = match (self.tokens, self.identities) {
            (false, false) => return String::new(),
            (true, false) => "its API tokens are revoked",
            (false, true) => "its links to accounts elsewhere are gone",
            (true, true) => "its API tokens are revoked and its links to accounts elsewhere are gone",
        };
        format!(" The account's address had not been confirmed before, so {what}.")
    }
}

/// Sets a password by a link. All sessions of the account end. The link was mailed to its address, which is confirmed now.
///
/// # Errors
/// [`AppError::Field`] when the password is not good enough; as [`check_reset_link`].
pub async fn reset(app: &App, client: &Client, token: &str, wanted: &str) -> Result<AlsoEnded> {
    check_reset_link(app, token).await?;
    let wanted = model::new_password(wanted, &[&app.site.get().name])
        .map_err(|sentence| AppError::field("password", sentence))?;
    let password_hash = app.passwords.hash(wanted).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let user = links::use_reset(&mut tx, &secret::digest(token), now).await?.ok_or_else(dead_link)?;
    users::set_password(&mut tx, user, &password_hash).await?;
    links::withdraw(&mut tx, user).await?;
    stored_sessions::end_all(&mut tx, user).await?;
    events::note(&mut tx, user, &Event::from(What::SetPassword, client), now).await?;
    let mut also_ended = AlsoEnded::default();
    if addresses::store::confirm(&mut tx, user, now).await? {
        events::note(&mut tx, user, &Event::from(What::ConfirmedAddress, client), now).await?;
        also_ended = shut_out_others(&mut tx, client, user, now).await?;
    }
    tx.commit().await?;
    Ok(also_ended)
}

/// Whoever made the account need not be who has its address, which nobody had confirmed: what they could still come in by
/// ends.
async fn shut_out_others(
    conn: &mut PgConnection,
    client: &Client,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<AlsoEnded> {
    let ended = AlsoEnded {
        tokens: tokens::revoke_all(conn, user, now).await?,
        identities: identities::remove_all(conn, user).await?,
    };
    if ended.tokens {
        events::note(conn, user, &Event::from(What::RevokedToken, client).of("all"), now).await?;
    }
    if ended.identities {
        events::note(conn, user, &Event::from(What::Unlinked, client).of("all"), now).await?;
    }
    Ok(ended)
}

fn dead_link() -> AppError {
    AppError::refused(
        "This link has already been used or has expired. Request a new one on the sign-in page.",
    )
}
