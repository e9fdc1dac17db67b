//! What an author changes about a notebook, and what moderators do: hide it from all but its author.

use serde_json::json;

use super::access::SeenNotebook;
use super::model::{TypedDetails, Visibility};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::store::drafts;
use crate::error::{AppError, Result};

/// Changes title, visibility, licence and tags. The competition stays.
///
/// # Errors
/// [`AppError::Refused`] for everybody but the author; [`AppError::Field`] for what is wrong.
pub async fn set_details(app: &App, seen: &SeenNotebook, typed: &TypedDetails) -> Result<()> {
    seen.require_owner()?;
    let details = typed.check().map_err(|(field, message)| AppError::Field { field, message })?;
    let has_team = seen.competition.as_ref().is_some_and(|seen| seen.standing.team_id.is_some());
    if details.visibility == Visibility::Team && !has_team {
        return Err(AppError::field(
            "visibility",
            "You have no team in this notebook's competition to share it with.",
        ));
    }
    let mut conn = app.db.acquire().await?;
    store::set_details(&mut conn, seen.notebook.id, &details, app.clock.now()).await?;
    Ok(())
}

/// Deletes a notebook with all its files. What was forked from it stays.
///
/// # Errors
/// [`AppError::Refused`] for everybody but the author.
pub async fn delete(app: &App, seen: &SeenNotebook) -> Result<()> {
    seen.require_owner()?;
    let mut tx = app.db.begin().await?;
    let keys = store::delete(&mut tx, seen.notebook.id, app.clock.now()).await?.ok_or(AppError::NotFound)?;
    tx.commit().await?;
    for key in keys {
        app.files.remove(&key).await?;
    }
    Ok(())
}

/// What a moderator wants of a public notebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Showing {
    Hidden,
    Shown,
}

/// Hides a notebook from all but its author and moderators, or shows it again; on record where it belongs to
/// a competition.
///
/// # Errors
/// [`AppError::Refused`] for everybody but moderators.
pub async fn moderate(app: &App, moderator: &Member, seen: &SeenNotebook, showing: Showing) -> Result<()> {
    if !seen.may_moderate {
        return Err(AppError::refused("Only the competition's hosts and administrators hide notebooks."));
    }
    let now = app.clock.now();
    let (action, at) = match showing {
        Showing::Hidden => ("hide_notebook", Some(now)),
        Showing::Shown => ("show_notebook", None),
    };
    let mut tx = app.db.begin().await?;
    store::set_hidden(&mut tx, seen.notebook.id, at).await?;
    if let Some(competition) = seen.notebook.competition_id {
        let detail = json!({ "notebook": seen.notebook.id });
        drafts::note(&mut tx, now, moderator.id, action, competition, &detail).await?;
    }
    tx.commit().await?;
    Ok(())
}
