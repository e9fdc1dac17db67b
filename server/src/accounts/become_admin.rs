//! The first administrator, or another one where none can sign in any more: whoever holds the one-time link that
//! `holdout up` or `holdout admin-link` prints.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::accounts::client::Client;
use crate::accounts::model::Member;
use crate::accounts::register::{self, Registration};
use crate::accounts::secret;
use crate::accounts::store::{links, users};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;

const LINK_LIFE: TimeDelta = TimeDelta::days(7);

/// Makes the link's token when there is no administrator; earlier links end. The address is
/// `paths::become_admin(token)`.
///
/// # Errors
/// Those of the database.
pub async fn ensure_admin_link(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Option<String>> {
    if users::has_admin(conn).await? {
        return Ok(None);
    }
    make_link(conn, now).await.map(Some)
}

/// Makes the link's token, whoever is an administrator already; earlier links end.
///
/// # Errors
/// Those of the database.
pub async fn make_link(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<String> {
    let token = secret::draw();
    links::replace_admin_link(conn, &secret::digest(&token), now, now + LINK_LIFE).await?;
    Ok(token)
}

/// # Errors
/// [`AppError::NotFound`] when the link was used, has run out or never was.
pub async fn check_link(app: &App, token: &str) -> Result<()> {
    let mut conn = app.db.acquire().await?;
    let is_live = links::is_live(&mut conn, &secret::digest(token), "become_admin", app.clock.now()).await?;
    if is_live { Ok(()) } else { Err(AppError::NotFound) }
}

/// Makes a member the administrator.
///
/// # Errors
/// As [`check_link`].
pub async fn promote(app: &App, member: &Member, token: &str) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    take_link(&mut tx, token, now).await?;
    users::make_admin(&mut tx, member.id, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes an account that is the administrator's, also where registration is closed; returns the
/// session's secret.
///
/// # Errors
/// [`AppError::Field`] when the name or address is taken; as [`check_link`].
pub async fn register_admin(
    app: &App,
    client: &Client,
    token: &str,
    registration: &Registration,
) -> Result<String> {
    let (tx, user) = admit(app, token, registration).await?;
    register::sign_in_first(tx, user, client, app.clock.now()).await
}

/// Makes the administrator's account, for the caller to commit.
///
/// # Errors
/// As [`register_admin`].
pub(super) async fn admit(
    app: &App,
    token: &str,
    registration: &Registration,
) -> Result<(Transaction<'static, Postgres>, UserId)> {
    check_link(app, token).await?;
    let password_hash = registration.hash_password(app).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    take_link(&mut tx, token, now).await?;
    let user = register::insert(&mut tx, registration, &password_hash, false, now).await?;
    users::make_admin(&mut tx, user, now).await?;
    Ok((tx, user))
}

async fn take_link(conn: &mut PgConnection, token: &str, now: DateTime<Utc>) -> Result<()> {
    let was_live = links::use_admin_link(conn, &secret::digest(token), now).await?;
    if was_live { Ok(()) } else { Err(AppError::NotFound) }
}
