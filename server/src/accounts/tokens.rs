//! API tokens: made, shown once, revoked.

use chrono::{DateTime, Utc};

use crate::accounts::events::{self, Event, What};
use crate::accounts::model::{self, Member, Scope};
use crate::accounts::store::tokens::{self, Bearer, NewToken};
use crate::accounts::two_factors::prove;
use crate::accounts::{forms::FormErrors, secret};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::{TokenId, UserId};

/// By this a token is recognised where it was lost, in logs and repositories.
const PREFIX: &str = "hld_";
const HINT_LENGTH: usize = 10;
const MOST_TOKENS: i64 = 50;
const USE_NOTED_AT_MOST_EVERY: chrono::TimeDelta = chrono::TimeDelta::minutes(1);

/// Whether a text has the form of a token.
pub fn looks_like_one(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// What somebody wants of a new token, each part checked.
#[derive(Debug)]
pub struct Wish {
    pub name: String,
    pub scopes: Vec<Scope>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl Wish {
    /// Checks what was asked for.
    ///
    /// # Errors
    /// A sentence for every field that is wrong.
    pub fn check(
        name: &str,
        scopes: &[String],
        days: Option<i64>,
        owner: &Member,
        now: DateTime<Utc>,
    ) -> Result<Self, FormErrors> {
        let mut errors = FormErrors::default();
        let name = errors.check("name", model::token_name(name));
        let scopes = errors.check("scopes", model::scopes(scopes, owner.is_admin));
        let expires_at = errors.check("days", model::token_expiry(days, now));
        match (name, scopes, expires_at) {
            (Some(name), Some(scopes), Some(expires_at)) => Ok(Self { name, scopes, expires_at }),
            _ => Err(errors),
        }
    }

    /// Whether the token could change anything.
    pub fn may_write(&self) -> bool {
        self.scopes.iter().any(|scope| *scope != Scope::Read)
    }

    /// Lets the token last no longer than until `limit`.
    pub fn end_by(&mut self, limit: Option<DateTime<Utc>>) {
        self.expires_at = match (self.expires_at, limit) {
            (Some(wished), Some(limit)) => Some(wished.min(limit)),
            (wished, limit) => wished.or(limit),
        };
    }
}

/// A token just made: the only moment at which its text is known.
pub struct Made {
    pub id: TokenId,
    pub text: String,
}

/// Makes a token for a page or a session: one that may write takes a code where there is a second factor.
///
/// # Errors
/// As [`prove::step_up`] and [`create`].
pub async fn create_with_code(app: &App, owner: UserId, wish: &Wish, code: Option<&str>) -> Result<Made> {
    if wish.may_write() {
        prove::step_up(app, owner, code).await?;
    }
    create(app, owner, wish).await
}

/// Makes a token.
///
/// # Errors
/// [`AppError::Refused`] when the person has too many.
pub async fn create(app: &App, owner: UserId, wish: &Wish) -> Result<Made> {
    let now = app.clock.now();
    let text = format!("{PREFIX}{}", secret::draw());
    let scopes: Vec<String> = wish.scopes.iter().map(|scope| scope.name().to_owned()).collect();
    let token = NewToken {
        user: owner,
        name: &wish.name,
        token_hash: secret::digest(&text),
        hint: &text[..HINT_LENGTH],
        scopes: &scopes,
        expires_at: wish.expires_at,
    };
    let mut tx = app.db.begin().await?;
    if tokens::lock_and_count(&mut tx, owner, now).await? >= MOST_TOKENS {
        return Err(AppError::refused(format!("You have {MOST_TOKENS} tokens. Revoke one you do not use.")));
    }
    let id = tokens::insert(&mut tx, &token, now).await?;
    events::note(&mut tx, owner, &Event::new(What::MadeToken).of(&wish.name), now).await?;
    tx.commit().await?;
    Ok(Made { id, text })
}

/// What a token may do.
///
/// # Errors
/// [`AppError::NotFound`] when it is not this person's.
pub async fn scopes(app: &App, owner: UserId, token: TokenId) -> Result<Vec<Scope>> {
    let mut conn = app.db.acquire().await?;
    let names = tokens::scopes(&mut conn, owner, token).await?.ok_or(AppError::NotFound)?;
    Ok(Scope::ALL.into_iter().filter(|scope| names.iter().any(|name| name == scope.name())).collect())
}

/// Ends a token at once.
///
/// # Errors
/// [`AppError::NotFound`] when it is not this person's.
pub async fn revoke(app: &App, owner: UserId, token: TokenId) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let name = tokens::revoke(&mut tx, owner, token, now).await?.ok_or(AppError::NotFound)?;
    events::note(&mut tx, owner, &Event::new(What::RevokedToken).of(&name), now).await?;
    tx.commit().await?;
    Ok(())
}

/// Whose token this is; notes its use at most once a minute.
///
/// # Errors
/// [`AppError::NoToken`] when it is unknown, revoked, expired or its owner suspended.
pub async fn find_bearer(app: &App, text: &str) -> Result<Bearer> {
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let bearer = tokens::find(&mut conn, &secret::digest(text), now).await?.ok_or(AppError::NoToken)?;
    if bearer.last_used_at.is_none_or(|at| now - at >= USE_NOTED_AT_MOST_EVERY) {
        tokens::note_use(&mut conn, bearer.id, now).await?;
    }
    Ok(bearer)
}
