//! Taking a launch back, while nobody entered: the competition is a draft again, as it was examined. The database holds to it
//! whoever asks, also against somebody who joins at the same moment.

use serde_json::json;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::store::drafts;
use crate::error::{AppError, Result};

const NOT_ANY_MORE: &str = "A launch can be taken back only before the end, and only while nobody has joined: there must be no \
team, no baseline and no other scoring version.";

/// # Errors
/// [`AppError::Refused`] for a draft, and once somebody entered or something is scored otherwise.
pub async fn unlaunch(app: &App, host: &Member, seen: &Seen) -> Result<()> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    let Some(launched_at) = drafts::lock(&mut tx, id).await? else {
        return Err(AppError::refused("This competition is a draft."));
    };
    if !drafts::take_launch_back(&mut tx, id).await? {
        return Err(AppError::refused(NOT_ANY_MORE));
    }
    drafts::note(&mut tx, now, host.id, "unlaunch", id, &json!({ "launched_at": launched_at })).await?;
    tx.commit().await?;
    Ok(())
}
