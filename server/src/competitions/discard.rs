//! Giving up a draft. Scorers remove its files within the hour.

use serde_json::json;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::store::drafts;
use crate::error::{AppError, Result};

/// Removes a draft for ever.
///
/// # Errors
/// [`AppError::Refused`] for what is launched, or where somebody takes part.
pub async fn discard(app: &App, host: &Member, seen: &Seen) -> Result<()> {
    let competition = &seen.competition;
    let mut tx = app.db.begin().await?;
    drafts::lock(&mut tx, competition.id).await?;
    let detail = json!({ "id": competition.id, "slug": competition.slug, "title": competition.title });
    drafts::note(&mut tx, app.clock.now(), host.id, "discard_draft", competition.id, &detail).await?;
    if !drafts::discard(&mut tx, competition.id).await? {
        return Err(AppError::refused(
            "Only a draft that nobody has joined can be deleted: a launched competition stays on record.",
        ));
    }
    tx.commit().await?;
    Ok(())
}
