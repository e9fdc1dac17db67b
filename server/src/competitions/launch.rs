//! Launching: the one door from draft to contest. What is judged with is frozen here.

use crate::accounts::model::Member;
use crate::app::App;
use crate::archives;
use crate::competitions::access::Seen;
use crate::competitions::ladder::{self, Facts, Ladder};
use crate::competitions::settings::Timeline;
use crate::competitions::setup::{self, Hindrance};
use crate::competitions::store::drafts::AtLaunch;
use crate::competitions::{audit, edit, invite, propose, store, supply};
use crate::error::{AppError, Result};
use crate::medals;
use crate::ranks::first_digits::first_digits;

/// Launches a draft as it stands; over what the audit holds against its metric only with a reason, `None` for the one on
/// record.
///
/// # Errors
/// [`AppError::Refused`] with every reason and its fix; also when it was launched before; [`AppError::Field`] without the
/// reason that is wanted.
pub async fn launch(app: &App, host: &Member, seen: &Seen, audit_reason: Option<&str>) -> Result<()> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    if store::drafts::lock(&mut tx, id).await?.is_some() {
        return Err(AppError::refused("This competition has already been launched."));
    }
    propose::refresh(&mut tx, id, now).await?;
    let competition = store::find_by_id(&mut tx, id).await?.ok_or(AppError::NotFound)?;
    let draft = setup::load(&mut tx, &competition).await?;
    let hindrances = setup::hindrances(&competition, &draft, now);
    if !hindrances.is_empty() {
        return Err(AppError::Refused(sentence(&hindrances)));
    }
    let reason = audit::reason_to_launch(&draft, audit_reason)?;
    let facts = Facts::of(&competition, &draft, app.site.get().anybody_may_register());
    let ladder = match competition.ladder {
        // Its scores were made where there was none.
        Ladder::Auto if draft.is_imported => Ladder::Off,
        chosen => ladder::at_launch(chosen, &facts)?,
    };
    let counts = medals::decide::at_launch(&competition, host, app.config.members_give_medals);
    let decided = AtLaunch { ladder, counts_for_medals: counts, worth_decimals: first_digits(&draft) };
    store::drafts::set_launched(&mut tx, id, draft.version.id, reason.as_deref(), decided, now).await?;
    let detail = serde_json::json!({
        "version": draft.version.number, "metric": draft.version.metric,
        "audit": draft.overall(), "audit_reason": reason, "ladder": ladder,
        "counts_for_medals": counts,
    });
    store::drafts::note(&mut tx, now, host.id, "launch", id, &detail).await?;
    invite::tell_at_launch(app, &mut tx, host, &competition).await?;
    if draft.is_imported {
        archives::import::enqueue(&mut tx, id).await?;
    }
    let spent_tables = store::judging::forget_tables(&mut tx, id).await?;
    tx.commit().await?;
    supply::remove_tables(app, &spent_tables).await;
    Ok(())
}

/// As [`launch`], starting now and open for `days`.
///
/// # Errors
/// As [`launch`]; [`AppError::Field`] for a length that is none.
pub async fn launch_for(
    app: &App,
    host: &Member,
    seen: &Seen,
    days: u32,
    audit_reason: Option<&str>,
) -> Result<()> {
    let timeline = Timeline::lasting(app.clock.now(), days)?;
    edit::set_timeline_to_launch(app, host, seen, &timeline).await?;
    let launched = launch(app, host, seen, audit_reason).await;
    if launched.is_err() {
        edit::audit_what_was_not_launched(app, &seen.competition).await?;
    }
    launched
}

fn sentence(hindrances: &[Hindrance]) -> String {
    let reasons: Vec<String> =
        hindrances.iter().map(|found| format!("{} {}", found.text, found.fix).trim().to_owned()).collect();
    format!("It cannot be launched yet. {}", reasons.join(" "))
}
