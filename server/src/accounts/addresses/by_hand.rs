//! An administrator confirms an address of whom they know, where no mail is sent: on record.

use serde_json::json;

use super::store;
use crate::accounts::events::{self, Event, What};
use crate::accounts::model::Member;
use crate::admin;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;

/// # Errors
/// [`AppError::NotFound`] when there is no such account, it is suspended, or its address is confirmed already.
pub async fn confirm(app: &App, admin: &Member, user: UserId) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::lock(&mut tx, user).await?.filter(|holder| !holder.is_confirmed).ok_or(AppError::NotFound)?;
    store::confirm(&mut tx, user, now).await?;
    admin::store::note(&mut tx, now, admin.id, "confirm_address", &json!({ "user": user })).await?;
    events::note(&mut tx, user, &Event::new(What::AddressConfirmedByHand), now).await?;
    tx.commit().await?;
    Ok(())
}
