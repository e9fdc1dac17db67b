//! Whether a competition counts for medals, points and tiers: proposed at its launch, and decided by administrators until its end.

use serde_json::json;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::Competition;
use crate::competitions::store::drafts;
use crate::competitions::visibility::Visibility;
use crate::error::{AppError, Result};
use crate::medals::store;

/// What holds from the launch on, where no administrator decides otherwise: competitions that everybody may enter count,
/// launched by an administrator or, where the operator lets them, by any member. None counts whose final board hides whose rank is
/// whose: a medal tells it.
pub fn at_launch(competition: &Competition, host: &Member, members_give_medals: bool) -> bool {
    competition.counts_for_medals
        && !competition.board_stays_veiled
        && competition.visibility == Visibility::Public
        && (host.is_admin || members_give_medals)
}

/// Has a competition count or not, from the launch until the end; on record.
///
/// # Errors
/// [`AppError::Refused`] before the launch, at which it is proposed, and after the end.
pub async fn decide(app: &App, admin: &Member, seen: &Seen, counts: bool) -> Result<()> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    if drafts::lock(&mut tx, id).await?.is_none() {
        return Err(AppError::refused("This is proposed at the launch; decide otherwise from then on."));
    }
    let competition = crate::competitions::store::find_by_id(&mut tx, id).await?.ok_or(AppError::NotFound)?;
    if competition.ended(now).is_some() {
        return Err(AppError::refused(
            "The competition is over: whether it counts for medals has to be decided before the end.",
        ));
    }
    if competition.counts_for_medals == counts {
        return Ok(());
    }
    if counts && competition.board_stays_veiled {
        return Err(AppError::refused(
            "Its board hides ranks even after the end, and medals would reveal them.",
        ));
    }
    store::set_counts(&mut tx, id, counts).await?;
    drafts::note(&mut tx, now, admin.id, "decide_medals", id, &json!({ "count": counts })).await?;
    tx.commit().await?;
    Ok(())
}
