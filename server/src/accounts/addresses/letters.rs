//! What is mailed about addresses: the link that confirms one, and what its owner has to know of a change.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::store;
use crate::accounts::secret;
use crate::accounts::store::links;
use crate::app::App;
use crate::error::Result;
use crate::ids::UserId;
use crate::mail::{self, Letter};
use crate::paths;

const LINK_LIFE: TimeDelta = TimeDelta::days(7);
const LINK_DAYS: i64 = LINK_LIFE.num_days();

/// Mails the link that confirms the address of a new account.
///
/// # Errors
/// Those of the database.
pub async fn send_link(
    app: &App,
    conn: &mut PgConnection,
    user: UserId,
    username: &str,
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let token = begin(conn, user, email, now).await?;
    let url = &app.config.public_url;
    let body = format!(
        "Someone, probably you, gave this address for the account {username} at {url}.\n\n\
         If the account is yours, open this link within {LINK_DAYS} days and confirm it there:\n\n{url}{}\n\n\
         If it is not, do nothing: the address stays unconfirmed, and no news is sent to it.\n",
        paths::confirm_email(&token)
    );
    post(conn, email, "Confirm your e-mail address", body, now).await
}

/// Mails the link that gives an account another address. Whoever has that address already is told instead, and the
/// person who asked sees no difference.
///
/// # Errors
/// Those of the database.
pub async fn send_change(
    app: &App,
    conn: &mut PgConnection,
    user: UserId,
    username: &str,
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let token = begin(conn, user, email, now).await?;
    let url = &app.config.public_url;
    let (subject, body) = if store::is_taken(conn, email).await? {
        let body = format!(
            "Someone wanted to make this the address of the account {username} at {url}. Another account there \
            already has it, so nothing changes.\n\n\
             If it was you, sign in to the account that has it, or set a new password for that one:\n\n{url}{}\n",
            paths::FORGOT_PASSWORD
        );
        ("Someone asked for your e-mail address", body)
    } else {
        let body = format!(
            "Someone, probably you, wants to make this the address of the account {username} at {url}.\n\n\
             If the account is yours, open this link within {LINK_DAYS} days and confirm it there:\n\n{url}{}\n\n\
             If it is not, do nothing: the account keeps its current address.\n",
            paths::confirm_email(&token)
        );
        ("Confirm your new e-mail address", body)
    };
    post(conn, email, subject, body, now).await
}

/// Tells the address in force that another one was asked for.
///
/// # Errors
/// Those of the database.
pub async fn tell_asked(
    app: &App,
    conn: &mut PgConnection,
    username: &str,
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let url = &app.config.public_url;
    let body = format!(
        "Someone, probably you, asked for another e-mail address for the account {username} at {url}. This one \
        stays until \
         the other is confirmed.\n\n\
         If it was not you, withdraw the other address at {url}{} and set a new password.\n",
        paths::SETTINGS_EMAIL
    );
    post(conn, email, "Another e-mail address was asked for", body, now).await
}

/// Tells the address from before that the account has another one.
///
/// # Errors
/// Those of the database.
pub async fn tell_changed(
    app: &App,
    conn: &mut PgConnection,
    username: &str,
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let url = &app.config.public_url;
    let body = format!(
        "The account {username} at {url} now has another e-mail address. Nothing more will be sent to this one.\n\n\
         If it was not you, tell the administrator.\n"
    );
    post(conn, email, "Your e-mail address was changed", body, now).await
}

/// Puts a link in place of the one before; its secret.
async fn begin(
    conn: &mut PgConnection,
    user: UserId,
    email: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<String> {
    let token = secret::draw();
    links::replace_confirmation(conn, &secret::digest(&token), user, email, now, now + LINK_LIFE).await?;
    Ok(token)
}

async fn post(
    conn: &mut PgConnection,
    to: &str,
    subject: &str,
    body: String,
    now: DateTime<Utc>,
) -> Result<()> {
    let letter = Letter { unsubscribe_url: None, to: to.to_owned(), subject: subject.to_owned(), body };
    mail::post(conn, &letter, now).await?;
    Ok(())
}
