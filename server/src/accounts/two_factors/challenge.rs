//! Between password and code: a secret in a cookie that is good for five tries within ten minutes and for nothing else.

use axum::http::{HeaderName, HeaderValue};
use chrono::TimeDelta;

use super::{prove, store};
use crate::accounts::client::Client;
use crate::accounts::providers::model::Origin;
use crate::accounts::store::users;
use crate::accounts::{secret, sign_in};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;
use crate::web::cookies;

pub const COOKIE: &str = "holdout_sign_in";
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// Begins one for somebody who knew the password, or whom a provider knew; returns its secret.
///
/// # Errors
/// Those of the database.
pub async fn begin(app: &App, user: UserId, origin: Option<&Origin>) -> Result<String> {
    let now = app.clock.now();
    let challenge = secret::draw();
    let mut conn = app.db.acquire().await?;
    store::begin_challenge(&mut conn, &secret::digest(&challenge), user, origin, now, now + LIFE).await?;
    Ok(challenge)
}

/// Begins a session for whoever has the challenge and a code; returns the session's secret.
///
/// # Errors
/// [`AppError::SignIn`] when the challenge has run out or had its tries; as [`prove::prove`].
pub async fn answer(app: &App, client: &Client, challenge: &str, code: &str) -> Result<String> {
    let now = app.clock.now();
    let (user, origin) = {
        let mut conn = app.db.acquire().await?;
        store::try_challenge(&mut conn, &secret::digest(challenge), now).await?.ok_or(AppError::SignIn)?
    };
    prove::prove(app, user, code).await?;
    let mut tx = app.db.begin().await?;
    let account = users::credentials_by_id(&mut tx, user).await?.ok_or(AppError::SignIn)?;
    sign_in::refuse_suspended(&account)?;
    store::end_challenges(&mut tx, user).await?;
    let session = sign_in::begin(app, &mut tx, client, user, origin.as_ref()).await?;
    tx.commit().await?;
    Ok(session)
}

/// The header that gives a challenge to the browser.
pub fn set_cookie(challenge: &str) -> (HeaderName, HeaderValue) {
    cookies::set(COOKIE, challenge, LIFE.num_seconds())
}

/// The header that takes it away.
pub fn clear_cookie() -> (HeaderName, HeaderValue) {
    cookies::set(COOKIE, "", 0)
}
