//! An administrator turns somebody's second factor off who has lost it: on record, and the person is told.

use serde_json::json;

use super::{set_up, store};
use crate::accounts::events::{self, Event, What};
use crate::accounts::model::Member;
use crate::accounts::store::sessions;
use crate::admin;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;

/// # Errors
/// [`AppError::Refused`] for oneself; [`AppError::NotFound`] when there is no such account or it has none.
pub async fn reset(app: &App, admin: &Member, user: UserId) -> Result<()> {
    if user == admin.id {
        return Err(AppError::refused("Turn your own off in your settings, with a code."));
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !store::remove(&mut tx, user).await? {
        return Err(AppError::NotFound);
    }
    sessions::end_all(&mut tx, user).await?;
    admin::store::note(&mut tx, now, admin.id, "reset_two_factors", &json!({ "user": user })).await?;
    let sentence = "An administrator turned two-factor sign-in off for your account. Sign in with your password and set it up again.";
    set_up::tell(app, &mut tx, user, sentence, now).await?;
    events::note(&mut tx, user, &Event::new(What::TwoFactorsReset), now).await?;
    tx.commit().await?;
    Ok(())
}
