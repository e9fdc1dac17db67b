//! Sessions: a random secret in a cookie, its SHA-256 in the database.
//!
//! A session ends after 30 days without a visit, and 90 days after signing in whatever happens. The visit is noted at
//! most once an hour, so that looking at pages does not write.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use sqlx::PgConnection;

use crate::accounts::client::Client;
use crate::accounts::model::Member;
use crate::accounts::providers::model::Origin;
use crate::accounts::store::sessions::{TokenHash, Visit};
use crate::accounts::{secret, store};
use crate::app::App;
use crate::config::Config;
use crate::error::Result;
use crate::ids::UserId;
use crate::web::cookies;

pub const COOKIE: &str = "holdout_session";

/// For so long a session lasts that nobody uses.
pub const LIFE: TimeDelta = TimeDelta::days(30);
/// For so long it lasts however often it is used.
const LONGEST: TimeDelta = TimeDelta::days(90);
/// Begins the secrets of sessions that know the prefix of `web::cookies`: under a plain name none of them is taken over TLS.
const MARK: &str = "s.";
const NOTED_AT_MOST_EVERY: TimeDelta = TimeDelta::hours(1);
/// The database decides when a session ends; the cookie merely outlives it. Browsers allow 400 days.
const COOKIE_LIFE: TimeDelta = TimeDelta::days(400);

/// The member a session's secret belongs to, or `None` when it is unknown, expired or suspended.
///
/// # Errors
/// Those of the database.
pub async fn find_member(app: &App, secret: &str, now: DateTime<Utc>) -> Result<Option<Member>> {
    let hash = secret::digest(secret);
    let read =
        app.sessions.read(&app.db, hash, |conn, hashes| store::sessions::find(conn, hashes, now).boxed());
    Ok(welcome(app, &hash, read.await?, now).await?.map(|visit| visit.member))
}

/// As [`find_member`], with how many notifications wait for them.
///
/// # Errors
/// As [`find_member`].
pub async fn find_reader(app: &App, secret: &str, now: DateTime<Utc>) -> Result<Option<(Member, i64)>> {
    let hash = secret::digest(secret);
    let read = app
        .visits
        .read(&app.db, hash, |conn, hashes| store::sessions::find_with_unread(conn, hashes, now).boxed());
    Ok(welcome(app, &hash, read.await?, now).await?.map(|visit| (visit.member, visit.n_unread)))
}

/// Notes the visit, unless the session is too old.
async fn welcome(
    app: &App,
    hash: &TokenHash,
    found: Option<Visit>,
    now: DateTime<Utc>,
) -> Result<Option<Visit>> {
    let Some(visit) = found.filter(|visit| now < visit.created_at + LONGEST) else {
        return Ok(None);
    };
    if now - visit.last_seen_at >= NOTED_AT_MOST_EVERY {
        let ends_at = (now + LIFE).min(visit.created_at + LONGEST);
        let mut conn = app.db.acquire().await?;
        store::sessions::note_visit(&mut conn, hash, now, ends_at).await?;
    }
    Ok(Some(visit))
}

/// Begins a session in place of the one that the client has, so that a secret known before signing
/// in is worth nothing after it. Returns the secret for [`set_cookie`].
///
/// # Errors
/// Those of the database.
pub async fn begin(
    conn: &mut PgConnection,
    user: UserId,
    client: &Client,
    origin: Option<&Origin>,
    now: DateTime<Utc>,
) -> Result<String> {
    if let Some(previous) = client.session {
        store::sessions::end(conn, &previous).await?;
    }
    let secret = format!("{MARK}{}", secret::draw());
    store::sessions::insert(conn, &secret::digest(&secret), user, client, origin, now).await?;
    Ok(secret)
}

/// Ends all sessions of a person. The client's, if it is one of them, goes on with a new secret, which is returned, and was
/// begun where it was: signing out there signs out here.
///
/// # Errors
/// Those of the database.
pub async fn renew(
    conn: &mut PgConnection,
    user: UserId,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<Option<String>> {
    let own = match &client.session {
        Some(session) => store::sessions::end_own(conn, user, session).await?,
        None => None,
    };
    store::sessions::end_all(conn, user).await?;
    match own {
        Some(over) => Ok(Some(begin(conn, user, client, over.origin.as_ref(), now).await?)),
        None => Ok(None),
    }
}

/// The secret that a request carries. Over TLS also one that a browser keeps under the plain name from before names had
/// a prefix: nobody can have been given such a one since.
pub fn read_cookie<'a>(config: &Config, headers: &'a HeaderMap) -> Option<&'a str> {
    let from_before = || cookies::find(headers, COOKIE).filter(|secret| !secret.starts_with(MARK));
    cookies::read(config, headers, COOKIE).or_else(from_before)
}

/// The header that gives a session to the browser.
pub fn set_cookie(secret: &str) -> (HeaderName, HeaderValue) {
    cookies::set(COOKIE, secret, COOKIE_LIFE.num_seconds())
}

/// The header that takes it away.
pub fn clear_cookie() -> (HeaderName, HeaderValue) {
    cookies::set(COOKIE, "", 0)
}
