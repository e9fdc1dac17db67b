//! What an author changes about a notebook.

use sqlx::PgConnection;

use super::access::SeenNotebook;
use super::model::{TypedDetails, Visibility};
use super::store;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::retention::unnamed;

/// Changes title, visibility, licence and tags. The competition stays.
///
/// # Errors
/// [`AppError::Refused`] for everybody but the author; [`AppError::Field`] for what is wrong; that of the
/// condition.
pub async fn set_details(
    app: &App,
    seen: &SeenNotebook,
    typed: &TypedDetails,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    seen.require_owner()?;
    let details = typed.check().map_err(|(field, message)| AppError::Field { field, message })?;
    let has_team = seen.competition.as_ref().is_some_and(|seen| seen.standing.team_id.is_some());
    if details.visibility == Visibility::Team && !has_team {
        return Err(AppError::field(
            "visibility",
            "You have no team in this notebook's competition to share it with.",
        ));
    }
    let mut tx = app.db.begin().await?;
    store::lock(&mut tx, seen.notebook.id).await?;
    stands(&mut tx).await?;
    store::set_details(&mut tx, seen.notebook.id, &details, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a notebook with all its files. What was forked from it stays.
///
/// # Errors
/// [`AppError::Refused`] for everybody but the author; that of the condition.
pub async fn delete(
    app: &App,
    seen: &SeenNotebook,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    seen.require_owner()?;
    let mut tx = app.db.begin().await?;
    store::lock(&mut tx, seen.notebook.id).await?;
    stands(&mut tx).await?;
    let keys = store::delete(&mut tx, seen.notebook.id, app.clock.now()).await?.ok_or(AppError::NotFound)?;
    tx.commit().await?;
    unnamed::remove_all(app, keys).await;
    Ok(())
}
