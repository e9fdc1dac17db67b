//! Making an account.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::accounts::addresses::letters;
use crate::accounts::client::Client;
use crate::accounts::events::{self, Event, What};
use crate::accounts::forms::FormErrors;
use crate::accounts::store::users::{self, NewUser};
use crate::accounts::{model, sessions};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;

/// What a visitor chose, each part checked on its own.
pub struct Registration {
    pub(super) username: String,
    email: String,
    password: String,
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
            (Some(username), Some(email), Some(password)) => Ok(Self { username, email, password }),
            _ => Err(errors),
        }
    }

    pub(super) async fn hash_password(&self, app: &App) -> Result<String> {
        app.passwords.hash(self.password.clone()).await
    }
}

/// Makes an account and signs it in; returns the session's secret.
///
/// # Errors
/// [`AppError::Field`] when the name or address is taken, [`AppError::Refused`] when registration
/// is closed, [`AppError::TooMany`] after too many attempts.
pub async fn register(app: &App, client: &Client, registration: Registration) -> Result<String> {
    let (tx, user) = admit(app, client, &registration).await?;
    sign_in_first(tx, user, client, app.clock.now()).await
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

/// Makes an account, for the caller to commit, and writes to its address.
///
/// # Errors
/// As [`register`].
pub(super) async fn admit(
    app: &App,
    client: &Client,
    registration: &Registration,
) -> Result<(Transaction<'static, Postgres>, UserId)> {
    if !app.site.get().open_registration {
        return Err(AppError::refused("Registration is closed here. Ask the administrator for an account."));
    }
    app.limits.register(client, &registration.email)?;
    let password_hash = registration.hash_password(app).await?;
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    let user = insert(&mut tx, registration, &password_hash, now).await?;
    letters::send_link(app, &mut tx, user, &registration.username, &registration.email, now).await?;
    Ok((tx, user))
}

/// Adds the account within a transaction of the caller.
pub(super) async fn insert(
    conn: &mut PgConnection,
    registration: &Registration,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<UserId> {
    let user = NewUser {
        username: &registration.username,
        email: &registration.email,
        display_name: &registration.username,
        password_hash,
        has_confirmed_email: false,
    };
    users::insert(conn, &user, now).await.map_err(taken)
}

fn taken(error: sqlx::Error) -> AppError {
    match error.as_database_error().and_then(|error| error.constraint()) {
        Some("users_username_taken") => {
            AppError::field("username", "Somebody has this user name already. Choose another.")
        }
        Some("users_email_taken") => AppError::field(
            "email",
            "This address cannot be used for a new account. If it is yours, sign in or reset the password.",
        ),
        _ => error.into(),
    }
}
