//! Whether a code is right: of the app, once and not earlier than the last one, or a recovery code, once.
//!
//! After ten wrong codes within an hour no code of the app is judged until the hour is over, whatever server is
//! asked; the person is told by mail. Recovery codes, which nobody guesses, still are.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::store::{self, Factor};
use super::{recovery, seal, set_up};
use crate::accounts::events::{self, Event, What};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;

const MOST_FAILED: i32 = 10;
const WINDOW: TimeDelta = TimeDelta::hours(1);
const WRONG: &str = "This code is not correct, or was used before. Wait for the next one in your app.";
const ASKED: &str = "Enter the code shown by your authenticator app, or a recovery code.";

/// What a code is worth. What was counted is kept either way.
type Verdict = std::result::Result<(), AppError>;

/// Asks for a code where somebody has a second factor: for what a stolen session must not do.
///
/// # Errors
/// [`AppError::Field`] `code` when it is missing or wrong; as [`prove`].
pub async fn step_up(app: &App, user: UserId, code: Option<&str>) -> Result<()> {
    let has_one = {
        let mut conn = app.db.acquire().await?;
        store::has(&mut conn, user).await?
    };
    match code.map(str::trim).filter(|code| !code.is_empty()) {
        _ if !has_one => Ok(()),
        None => Err(AppError::field("code", ASKED)),
        Some(code) => prove(app, user, code).await,
    }
}

/// Takes a code of somebody who has a second factor.
///
/// # Errors
/// [`AppError::Field`] when it is wrong; [`AppError::TooMany`] after too many wrong ones.
pub async fn prove(app: &App, user: UserId, typed: &str) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let factor = store::lock(&mut tx, user).await?.filter(|factor| factor.confirmed_at.is_some());
    let factor = factor.ok_or_else(|| AppError::refused("Two-factor sign-in is off for this account."))?;
    let verdict = match recovery::digest(typed) {
        Some(hash) => judge_recovery(app, &mut tx, user, &hash, now).await?,
        None => judge_code(app, &mut tx, user, &factor, typed, now).await?,
    };
    tx.commit().await?;
    verdict
}

async fn judge_code(
    app: &App,
    conn: &mut PgConnection,
    user: UserId,
    factor: &Factor,
    typed: &str,
    now: DateTime<Utc>,
) -> Result<Verdict> {
    let since = factor.failing_since.filter(|since| now - *since < WINDOW);
    let n_failed = since.map_or(0, |_| factor.n_failed);
    if let Some(since) = since.filter(|_| n_failed >= MOST_FAILED) {
        return Ok(Err(too_many(since + WINDOW - now)));
    }
    let code: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    let step = seal::open(app, user, &factor.sealed_secret)?.step_of(&code, now)?;
    if let Some(step) = step.filter(|step| *step > factor.last_step) {
        store::take(conn, user, step).await?;
        return Ok(Ok(()));
    }
    store::note_failures(conn, user, n_failed + 1, since.unwrap_or(now)).await?;
    events::note(conn, user, &Event::new(What::WrongCode), now).await?;
    if n_failed + 1 == MOST_FAILED {
        set_up::tell(
            app,
            conn,
            user,
            "Ten wrong codes were entered for your account. Codes are not accepted for an hour. If it was not you, \
            someone knows your password: change it.",
            now,
        )
        .await?;
    }
    Ok(Err(AppError::field("code", WRONG)))
}

fn too_many(wait: TimeDelta) -> AppError {
    let retry_after_seconds = u64::try_from(wait.num_seconds()).unwrap_or(0) + 1;
    let minutes = retry_after_seconds.div_ceil(60);
    let message = format!("Too many wrong codes. Try again in {minutes} min, or use a recovery code.");
    AppError::TooMany { message, retry_after_seconds }
}

async fn judge_recovery(
    app: &App,
    conn: &mut PgConnection,
    user: UserId,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Verdict> {
    if !store::use_code(conn, user, hash).await? {
        return Ok(Err(AppError::field("code", WRONG)));
    }
    let n_left = store::count_codes(conn, user).await?;
    let sentence = format!("A recovery code was used for your account; {n_left} are left.");
    set_up::tell(app, conn, user, &sentence, now).await?;
    events::note(conn, user, &Event::new(What::UsedRecoveryCode), now).await?;
    Ok(Ok(()))
}
