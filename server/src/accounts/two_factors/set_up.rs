//! A second factor begins, is confirmed, gets new recovery codes, and ends. Each asks for what a thief of a session
//! does not have, and is told by mail.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::picture::{self, Picture};
use super::totp::Secret;
use super::{prove, recovery, requirement, seal, store};
use crate::accounts::client::Client;
use crate::accounts::events::{self, Event, What};
use crate::accounts::model::Member;
use crate::accounts::password_changes;
use crate::accounts::store::{sessions, users};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;
use crate::mail::{self, Letter};

/// How things stand for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The site has no key to keep secrets with.
    Impossible,
    Off,
    /// Waits for the first code.
    Begun(Offer),
    On {
        since: DateTime<Utc>,
        n_codes_left: i64,
    },
}

/// A secret, for the person's app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub secret: String,
    pub address: String,
    pub picture: Picture,
}

impl Offer {
    /// # Errors
    /// When it cannot be drawn.
    pub fn of(site: &str, username: &str, secret: &Secret) -> Result<Self> {
        let address = picture::address(site, username, secret);
        let picture = picture::draw(&address)?;
        Ok(Self { secret: secret.text(), address, picture })
    }

    /// The secret in groups, to be typed.
    pub fn grouped(&self) -> String {
        let groups = self.secret.as_bytes().chunks(4);
        groups.map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>().join(" ")
    }
}

/// # Errors
/// [`AppError::Refused`] where the site's key is another one by now.
pub async fn standing(app: &App, member: &Member) -> Result<Standing> {
    let (factor, n_codes_left) = {
        let mut conn = app.db.acquire().await?;
        (store::find(&mut conn, member.id).await?, store::count_codes(&mut conn, member.id).await?)
    };
    match factor {
        Some(factor) => match factor.confirmed_at {
            Some(since) => Ok(Standing::On { since, n_codes_left }),
            // What was begun under another key begins anew.
            None => match seal::open(app, member.id, &factor.sealed_secret) {
                Ok(secret) => {
                    Ok(Standing::Begun(Offer::of(&app.site.get().name, &member.username, &secret)?))
                }
                Err(_) => Ok(Standing::Off),
            },
        },
        None if seal::is_possible(app) => Ok(Standing::Off),
        None => Ok(Standing::Impossible),
    }
}

/// Draws a secret for somebody who knows the password.
///
/// # Errors
/// [`AppError::Field`] for a wrong password; [`AppError::Refused`] where one is on already, or the site has no key.
pub async fn begin(app: &App, client: &Client, member: &Member, password: String) -> Result<Offer> {
    password_changes::confirm(app, client, member, password, "password").await?;
    let secret = Secret::draw();
    let sealed = seal::seal(app, member.id, &secret)?;
    let mut conn = app.db.acquire().await?;
    if !store::begin(&mut conn, member.id, &sealed, app.clock.now()).await? {
        return Err(AppError::refused("Two-factor sign-in is already on. Turn it off first."));
    }
    Offer::of(&app.site.get().name, &member.username, &secret)
}

/// Turns it on with the first code, and gives out recovery codes. All other sessions end: they began without.
///
/// # Errors
/// [`AppError::Field`] for a wrong code; [`AppError::Refused`] where nothing was begun.
pub async fn confirm(app: &App, client: &Client, member: &Member, code: &str) -> Result<Vec<String>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let factor = store::lock(&mut tx, member.id).await?.filter(|factor| factor.confirmed_at.is_none());
    let factor =
        factor.ok_or_else(|| AppError::refused("Start the set-up first: no code is expected yet."))?;
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let step = seal::open(app, member.id, &factor.sealed_secret)?.step_of(&code, now)?;
    let step = step.ok_or_else(|| {
        AppError::field("code", "This is not the code the app shows now. Is the clock on your phone right?")
    })?;
    store::take(&mut tx, member.id, step).await?;
    store::confirm(&mut tx, member.id, now).await?;
    let codes = give_codes(&mut tx, member.id).await?;
    match client.session {
        Some(kept) => sessions::end_others(&mut tx, member.id, &kept).await?,
        None => sessions::end_all(&mut tx, member.id).await?,
    };
    tell(app, &mut tx, member.id, "Two-factor sign-in was turned on for your account.", now).await?;
    events::note(&mut tx, member.id, &Event::from(What::TwoFactorsOn, client), now).await?;
    tx.commit().await?;
    Ok(codes)
}

/// New recovery codes; the old ones are worth nothing.
///
/// # Errors
/// As [`prove::prove`].
pub async fn renew_codes(app: &App, member: &Member, code: &str) -> Result<Vec<String>> {
    prove::prove(app, member.id, code).await?;
    let mut tx = app.db.begin().await?;
    let codes = give_codes(&mut tx, member.id).await?;
    let now = app.clock.now();
    tell(app, &mut tx, member.id, "New recovery codes were created for your account.", now).await?;
    events::note(&mut tx, member.id, &Event::new(What::NewRecoveryCodes), now).await?;
    tx.commit().await?;
    Ok(codes)
}

/// # Errors
/// As [`prove::prove`]; [`AppError::Refused`] where the site asks it of this person.
pub async fn end(app: &App, member: &Member, code: &str) -> Result<()> {
    if requirement::is_asked_of(app, member).await? {
        return Err(AppError::refused(
            "This site requires two-factor sign-in for your account, so it cannot be \
        turned off.",
        ));
    }
    prove::prove(app, member.id, code).await?;
    let mut tx = app.db.begin().await?;
    store::remove(&mut tx, member.id).await?;
    let now = app.clock.now();
    tell(app, &mut tx, member.id, "Two-factor sign-in was turned off for your account.", now).await?;
    events::note(&mut tx, member.id, &Event::new(What::TwoFactorsOff), now).await?;
    tx.commit().await?;
    Ok(())
}

async fn give_codes(conn: &mut PgConnection, user: UserId) -> Result<Vec<String>> {
    let codes = recovery::draw();
    let hashes: Vec<_> = codes.iter().filter_map(|code| recovery::digest(code)).map(Vec::from).collect();
    store::replace_codes(conn, user, &hashes).await?;
    Ok(codes)
}

/// Writes to a person what happened to the second factor.
///
/// # Errors
/// Those of the database.
pub(in crate::accounts) async fn tell(
    app: &App,
    conn: &mut PgConnection,
    user: UserId,
    sentence: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(account) = users::credentials_by_id(conn, user).await? else { return Ok(()) };
    let (site, url) = (&app.site.get().name, &app.config.public_url);
    let letter = Letter {
        unsubscribe_url: None,
        to: account.email,
        subject: format!("Your sign-in at {site}"),
        body: format!(
            "{sentence}\n\nAccount: {} at {url}\n\nIf it was not you, set a new password and ask the administrator.\n",
            account.member.username
        ),
    };
    mail::post(conn, &letter, now).await?;
    Ok(())
}
