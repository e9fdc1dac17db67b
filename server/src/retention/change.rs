//! The verb of administrators.

use serde_json::json;

use super::model::{Kept, Setting};
use super::store;
use crate::accounts::model::Member;
use crate::admin;
use crate::app::App;
use crate::error::Result;

/// Sets for how long one thing is kept; on record.
///
/// # Errors
/// [`crate::error::AppError::Field`] as [`Kept::checked`].
pub async fn change(app: &App, admin: &Member, kept: Kept, days: Option<i32>) -> Result<Setting> {
    let days = kept.checked(days)?;
    let mut tx = app.db.begin().await?;
    store::put(&mut tx, kept, days).await?;
    let detail = json!({ "what": kept.name(), "days": days });
    admin::store::note(&mut tx, app.clock.now(), admin.id, "change_retention", &detail).await?;
    tx.commit().await?;
    Ok(Setting { kept, days })
}
