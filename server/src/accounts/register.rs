//! Making an account.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::accounts::addresses::{letters, store as addresses};
use crate::accounts::client::Client;
use crate::accounts::events::{self, Event, What};
use crate::accounts::forms::FormErrors;
use crate::accounts::providers::store as identities;
use crate::accounts::store::users::{self, NewUser};
use crate::accounts::{model, sessions};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;
use crate::site::model::Registration as Who;
use crate::site_texts;

const MUST_ACCEPT: &str = "Accept the terms of use to register.";
const HAS_CHANGED: &str = "The terms of use have changed. Read the new text, then accept it.";
/// Every answer takes at least this long where the address decides.
const EQUAL_TIME: Duration = Duration::from_millis(300);

/// What a visitor chose, each part checked on its own.
pub struct Registration {
    pub(super) username: String,
    email: String,
    password: String,
    /// The version of the terms of use that was accepted, where the site has some.
    terms: Option<i32>,
}

impl Registration {
    /// Checks what was typed, on a site of this name.
    ///
    /// # Errors
    /// A sentence for every field that is wrong.
    pub fn check(site: &str, username: &str, email: &str, password: &str) -> Result<Self, FormErrors> {
        let mut errors = FormErrors::default();
        let words = [site, username.trim(), email.trim()];
        let username = errors.check("username", model::username(username));
        let email = errors.check("email", model::email(email));
        let password = errors.check("password", model::new_password(password, &words));
        match (username, email, password) {
            (Some(username), Some(email), Some(password)) => {
                Ok(Self { username, email, password, terms: None })
            }
            _ => Err(errors),
        }
    }

    /// Under the terms of use that hold, where there are any; `accepted` is the version that was read.
    ///
    /// # Errors
    /// A sentence where they are not accepted.
    pub fn under(self, terms: Option<i32>, accepted: Option<i32>) -> Result<Self, FormErrors> {
        if terms.is_none() || terms == accepted {
            return Ok(Self { terms, ..self });
        }
        let sentence = accepted.map_or(MUST_ACCEPT, |_| HAS_CHANGED);
        let mut errors = FormErrors::default();
        errors.check::<()>("accepts_terms", Err(sentence.to_owned()));
        Err(errors)
    }

    pub(super) async fn hash_password(&self, app: &App) -> Result<String> {
        app.passwords.hash(self.password.clone()).await
    }
}

/// How far a registration leads.
#[derive(Debug)]
pub enum Registered {
    /// The session's secret.
    In(String),
    /// To the link that is mailed, where the address is one that may register.
    Mailed,
}

/// What whoever registers is told where the address decides: the same for every address.
pub const MAILED: &str =
    "If this address may register here, a link is on its way to it. Open it, then sign in.";

/// Makes an account and signs it in, where its address need not be confirmed first.
///
/// # Errors
/// [`AppError::Field`] when the name or address is taken, [`AppError::Refused`] when registration
/// is closed, [`AppError::TooMany`] after too many attempts.
pub async fn register(app: &App, client: &Client, registration: Registration) -> Result<Registered> {
    match admit(app, client, &registration).await? {
        Some((tx, user)) => sign_in_first(tx, user, client, app.clock.now()).await.map(Registered::In),
        None => Ok(Registered::Mailed),
    }
}

/// Signs a new account in and commits it; returns the session's secret.
pub(super) async fn sign_in_first(
    mut tx: Transaction<'static, Postgres>,
    user: UserId,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<String> {
    let secret = sessions::begin(&mut tx, user, client, None, now).await?;
    events::note(&mut tx, user, &Event::from(What::Registered, client), now).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Makes an account, for the caller to commit, and writes to its address; `None` where the address has to be confirmed
/// before anything, and is written to if it may register.
///
/// # Errors
/// As [`register`].
pub(super) async fn admit(
    app: &App,
    client: &Client,
    registration: &Registration,
) -> Result<Option<(Transaction<'static, Postgres>, UserId)>> {
    match app.site.get().registration {
        Who::Anybody => {}
        Who::Addresses => {
            let (done, ()) =
                tokio::join!(mail_link(app, client, registration), tokio::time::sleep(EQUAL_TIME));
            return done.map(|()| None);
        }
        Who::Providers => {
            return Err(AppError::refused(
                "You cannot register here with a password: sign in with a provider.",
            ));
        }
        Who::Administrators => {
            return Err(AppError::refused(
                "Registration is closed here. Ask the administrator for an account.",
            ));
        }
    }
    app.limits.register(client, &registration.email)?;
    let password_hash = registration.hash_password(app).await?;
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    let user = insert(&mut tx, registration, &password_hash, false, now).await?;
    letters::send_link(app, &mut tx, user, &registration.username, &registration.email, now).await?;
    Ok(Some((tx, user)))
}

/// Makes an account that waits for its address to be confirmed, if the address may register and has none. Nothing tells the
/// caller whether it may, not even the time that it takes.
async fn mail_link(app: &App, client: &Client, registration: &Registration) -> Result<()> {
    app.limits.register(client, &registration.email)?;
    let password_hash = registration.hash_password(app).await?;
    let (now, email) = (app.clock.now(), registration.email.as_str());
    let mut tx = app.db.begin().await?;
    if !identities::taken(&mut tx, std::slice::from_ref(&registration.username)).await?.is_empty() {
        return Err(name_is_taken());
    }
    if !may_register(app, &mut tx, email).await? || addresses::is_taken(&mut tx, email).await? {
        return Ok(());
    }
    let user = insert(&mut tx, registration, &password_hash, true, now).await?;
    letters::send_link(app, &mut tx, user, &registration.username, email, now).await?;
    events::note(&mut tx, user, &Event::from(What::Registered, client), now).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether an address may register where addresses decide.
///
/// # Errors
/// Those of the database.
pub(super) async fn may_register(app: &App, conn: &mut PgConnection, email: &str) -> sqlx::Result<bool> {
    Ok(app.site.get().has_domain_of(email) || users::is_invited(conn, email).await?)
}

/// Adds the account within a transaction of the caller.
pub(super) async fn insert(
    conn: &mut PgConnection,
    registration: &Registration,
    password_hash: &str,
    must_confirm: bool,
    now: DateTime<Utc>,
) -> Result<UserId> {
    let user = NewUser {
        username: &registration.username,
        email: &registration.email,
        display_name: &registration.username,
        password_hash,
        has_confirmed_email: false,
        must_confirm,
    };
    let id = users::insert(&mut *conn, &user, now).await.map_err(taken)?;
    if let Some(number) = registration.terms {
        site_texts::store::accept(conn, id, number, now).await?;
    }
    Ok(id)
}

fn name_is_taken() -> AppError {
    AppError::field("username", "This user name is already taken. Choose another.")
}

pub(super) fn taken(error: sqlx::Error) -> AppError {
    match error.as_database_error().and_then(|error| error.constraint()) {
        Some("users_username_taken") => name_is_taken(),
        Some("users_email_taken") => AppError::field(
            "email",
            "This address cannot be used for a new account. If it is yours, sign in or reset the password.",
        ),
        _ => error.into(),
    }
}
