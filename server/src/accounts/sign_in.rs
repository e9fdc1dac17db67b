//! Signing in and out.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::accounts::client::Client;
use crate::accounts::events::{self, Event, What};
use crate::accounts::model::Member;
use crate::accounts::providers::model::Origin;
use crate::accounts::providers::settings;
use crate::accounts::store::users::Credentials;
use crate::accounts::two_factors::challenge;
use crate::accounts::{password_changes, sessions, store, two_factors};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;
use crate::web::format;

/// How far a password leads.
#[derive(Debug)]
pub enum Entered {
    /// The session's secret.
    In(String),
    /// Of a challenge, which takes a code.
    AsksForCode(String),
}

/// Begins a session for whoever knows the password, or asks for a code where there is a second factor.
/// `login` is a user name or an e-mail address.
///
/// # Errors
/// [`AppError::Field`] when name and password do not fit, in equal time whether or not the account
/// exists; [`AppError::Refused`] when it is suspended, or its address has to be confirmed first; [`AppError::TooMany`] after too many attempts.
pub async fn sign_in(app: &App, client: &Client, login: &str, password: String) -> Result<Entered> {
    let account = verify(app, client, login, password).await?;
    let_in(app, client, account.member.id, None).await
}

/// Begins a session for somebody who has shown who they are, at a provider where an origin is named, or asks for a code
/// where there is a second factor.
///
/// # Errors
/// Those of the database.
pub async fn let_in(app: &App, client: &Client, user: UserId, origin: Option<&Origin>) -> Result<Entered> {
    if two_factors::store::has(&mut *app.db.acquire().await?, user).await? {
        return Ok(Entered::AsksForCode(challenge::begin(app, user, origin).await?));
    }
    let mut tx = app.db.begin().await?;
    let secret = begin(app, &mut tx, client, user, origin).await?;
    tx.commit().await?;
    Ok(Entered::In(secret))
}

/// Begins the session of somebody who has shown all that is asked; returns its secret.
///
/// # Errors
/// Those of the database.
pub(super) async fn begin(
    app: &App,
    conn: &mut PgConnection,
    client: &Client,
    user: UserId,
    origin: Option<&Origin>,
) -> Result<String> {
    let now = app.clock.now();
    let secret = sessions::begin(conn, user, client, origin, now).await?;
    let provider = origin.and_then(|origin| settings::of_issuer(&app.config.providers, &origin.issuer));
    let title = provider.map_or("", |provider| &provider.title);
    events::note(conn, user, &Event::from(What::SignedIn, client).of(title), now).await?;
    Ok(secret)
}

/// Whose name and password these are.
///
/// # Errors
/// As [`sign_in`].
pub async fn verify(app: &App, client: &Client, login: &str, password: String) -> Result<Credentials> {
    app.limits.sign_in(client, login)?;
    let found = {
        let mut conn = app.db.acquire().await?;
        store::users::credentials(&mut conn, login).await?
    };
    let hash = found.as_ref().map(|account| account.password_hash.clone());
    let is_right = app.passwords.verify(password, hash).await?;
    match found {
        Some(account) if is_right => {
            refuse_suspended(&account)?;
            refuse_unconfirmed(&account)?;
            Ok(account)
        }
        other => {
            let user = other.map(|account| account.member.id);
            events::note_failure(app, user, Event::from(What::WrongPassword, client));
            Err(AppError::field("password", "No account has this name and this password."))
        }
    }
}

/// # Errors
/// [`AppError::Refused`] for an account that is suspended.
pub(super) fn refuse_suspended(account: &Credentials) -> Result<()> {
    if account.suspended_at.is_none() {
        return Ok(());
    }
    let until = account.suspended_until.map(|at| format!(" until {}", format::time(&at))).unwrap_or_default();
    Err(AppError::refused(format!("This account is suspended{until}. Ask the administrator why.")))
}

fn refuse_unconfirmed(account: &Credentials) -> Result<()> {
    if !account.must_confirm {
        return Ok(());
    }
    Err(AppError::refused(
        "Confirm your e-mail address first, with the link that was emailed to it. If it has expired, request a link \
        to set a new password: that confirms the address too.",
    ))
}

/// Ends the client's session; where it was begun, if that was elsewhere.
///
/// # Errors
/// Those of the database.
pub async fn sign_out(app: &App, client: &Client) -> Result<Option<Origin>> {
    match client.session {
        Some(session) => Ok(store::sessions::end(&mut *app.db.acquire().await?, &session).await?),
        None => Ok(None),
    }
}

/// What somebody types to end sessions: what signing in takes.
#[derive(Debug)]
pub struct Shown<'a> {
    pub password: String,
    /// Where there is a second factor.
    pub code: Option<&'a str>,
}

/// Ends one of somebody's sessions.
///
/// # Errors
/// As [`password_changes::ask_again`]; [`AppError::NotFound`] where it is none of theirs.
pub async fn end_one(
    app: &App,
    client: &Client,
    member: &Member,
    session: Uuid,
    shown: Shown<'_>,
) -> Result<()> {
    password_changes::ask_again(app, client, member, shown.password, shown.code).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !store::sessions::end_named(&mut tx, member.id, session).await? {
        return Err(AppError::NotFound);
    }
    events::note(&mut tx, member.id, &Event::from(What::EndedSessions, client), now).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends all sessions of somebody but the client's; how many there were.
///
/// # Errors
/// As [`password_changes::ask_again`].
pub async fn end_others(app: &App, client: &Client, member: &Member, shown: Shown<'_>) -> Result<u64> {
    password_changes::ask_again(app, client, member, shown.password, shown.code).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let n_ended = match &client.session {
        Some(kept) => store::sessions::end_others(&mut tx, member.id, kept).await?,
        None => store::sessions::end_all(&mut tx, member.id).await?,
    };
    events::note(&mut tx, member.id, &Event::from(What::EndedSessions, client), now).await?;
    tx.commit().await?;
    Ok(n_ended)
}
