//! Changing a competition's settings. What people rely on after launch only ever grows: limits go up and the address
//! stays; [`timeline`] has the times, [`super::edit_pages`] the pages.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::changes;
use crate::competitions::emails::read_emails;
use crate::competitions::invite::{self, Told};
use crate::competitions::model::Competition;
use crate::competitions::settings::{Basics, Limits, Patch};
use crate::competitions::store::texts::{TextPage, Writing};
use crate::competitions::visibility::Visibility;
use crate::competitions::{board_shows, create, ladder, propose, store, supply, timeline};
use crate::error::{AppError, Result};
use crate::folder::links;
use crate::ids::CompetitionId;

/// Changes title, subtitle and, before launch, the address.
///
/// # Errors
/// [`AppError::Field`] when the address is taken, or would change after launch.
pub async fn edit_basics(app: &App, host: &Member, seen: &Seen, basics: &Basics) -> Result<()> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let before = lock(&mut tx, id).await?;
    set_basics(&mut tx, &before, basics, app.clock.now()).await?;
    finish(app, tx, host, id, "edit_basics").await
}

async fn set_basics(
    conn: &mut PgConnection,
    before: &Competition,
    basics: &Basics,
    now: DateTime<Utc>,
) -> Result<()> {
    if before.launched_at.is_some() && basics.slug != before.slug {
        return Err(AppError::field(
            "slug",
            "The address cannot be changed after the launch: people may have links to it.",
        ));
    }
    store::drafts::set_basics(conn, before.id, basics).await.map_err(create::taken)?;
    if basics.slug != before.slug {
        draw_again(conn, before.id, &basics.slug, now).await?;
    }
    Ok(())
}

/// Draws all pages for a new address: their links have it.
async fn draw_again(
    conn: &mut PgConnection,
    id: CompetitionId,
    slug: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    for page in store::texts::all(conn, id).await? {
        let html = links::draw(slug, &page.markdown);
        let TextPage { slug, title, markdown, is_proposed, .. } = &page;
        let page = Writing { slug, title, markdown, html: &html, is_proposed: *is_proposed };
        store::texts::save(conn, id, &page, now).await?;
    }
    Ok(())
}

/// Has a scorer look again where the audit was about another plan: other decimals, more or fewer submissions.
///
/// # Errors
/// Those of the database.
pub(super) async fn audit_again(conn: &mut PgConnection, before: &Competition) -> Result<()> {
    let after = store::find_by_id(conn, before.id).await?.ok_or(AppError::NotFound)?;
    if after.plan() == before.plan() {
        return Ok(());
    }
    let Some(version) = store::judging::lock_open_version(conn, before.id).await? else { return Ok(()) };
    let at_hand = store::judging::version_at_hand(conn, before.id).await?;
    if at_hand.solution_id.is_some() && at_hand.metric.is_some() {
        supply::examine(conn, before.id, version).await?;
    }
    Ok(())
}

/// Locks a competition and reads it as it is now.
///
/// # Errors
/// [`AppError::NotFound`] where it is gone; those of the database.
pub(super) async fn lock(conn: &mut PgConnection, id: CompetitionId) -> Result<Competition> {
    store::drafts::lock(conn, id).await?;
    store::find_by_id(conn, id).await?.ok_or(AppError::NotFound)
}

/// Changes the limits, which only go up after the launch, and, where it is said, whether hosts may have files.
///
/// # Errors
/// [`AppError::Field`] for the limit that would shrink, and for files that are given after the launch.
pub async fn edit_limits(
    app: &App,
    host: &Member,
    seen: &Seen,
    limits: Limits,
    hosts_may_have_files: Option<bool>,
) -> Result<()> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let before = lock(&mut tx, id).await?;
    set_limits(&mut tx, &before, limits).await?;
    set_hosts_may_have_files(&mut tx, &before, hosts_may_have_files).await?;
    audit_again(&mut tx, &before).await?;
    finish(app, tx, host, id, "edit_limits").await
}

async fn set_hosts_may_have_files(
    conn: &mut PgConnection,
    before: &Competition,
    they_may: Option<bool>,
) -> Result<()> {
    let Some(they_may) = they_may.filter(|may| *may != before.hosts_may_have_files) else { return Ok(()) };
    if they_may && before.launched_at.is_some() {
        let words = "After the launch this can only be turned off: hosts were not meant to have these files.";
        return Err(AppError::field("hosts_may_have_files", words));
    }
    Ok(store::drafts::set_hosts_may_have_files(conn, before.id, they_may).await?)
}

async fn set_limits(conn: &mut PgConnection, before: &Competition, limits: Limits) -> Result<()> {
    let limits = Limits { ladder: ladder::changed(before, limits.ladder)?, ..limits.checked()? };
    board_shows::allows(before, &limits)?;
    if before.launched_at.is_some() {
        only_upward(before, &limits)?;
    }
    Ok(store::drafts::set_limits(conn, before.id, &limits).await?)
}

fn only_upward(before: &Competition, after: &Limits) -> Result<()> {
    for (field, shrinks) in [
        ("daily_limit", after.daily < before.daily_limit),
        ("total_limit", is_lower_total(before.total_limit, after.total)),
        ("final_limit", after.finals < before.final_limit),
        ("team_limit", after.team < before.team_limit),
        ("max_upload_bytes", after.max_upload_bytes < before.max_upload_bytes),
    ] {
        if shrinks {
            return Err(AppError::field(field, "After launch a limit can be raised, never lowered."));
        }
    }
    Ok(())
}

/// None is more than any.
fn is_lower_total(before: Option<i32>, after: Option<i32>) -> bool {
    after.is_some_and(|after| before.is_none_or(|before| after < before))
}

/// Changes who may see it, and which addresses are invited.
///
/// # Errors
/// Those of the database.
pub async fn edit_visibility(
    app: &App,
    host: &Member,
    seen: &Seen,
    visibility: Visibility,
    emails: &[String],
) -> Result<Told> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let before = lock(&mut tx, id).await?;
    let told = invite::set(app, &mut tx, host, &before, visibility, Some(emails)).await?;
    finish(app, tx, host, id, "edit_visibility").await?;
    Ok(told)
}

/// Changes several settings at once, or none of them. What a patch leaves out stays as it is now,
/// whoever changed it meanwhile; `condition` is asked about that. Gives the address from now on.
///
/// # Errors
/// That of the condition; as the verbs above.
pub async fn patch(
    app: &App,
    host: &Member,
    seen: &Seen,
    patch: &Patch,
    condition: impl FnOnce(&Competition) -> Result<()>,
) -> Result<String> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    let before = lock(&mut tx, id).await?;
    condition(&before)?;
    if let Some(timeline) = patch.timeline(&before, now)? {
        let reason = changes::checked_note("reason", patch.reason.as_deref().unwrap_or_default())?;
        let moved = timeline::set_timeline(&mut tx, &before, &timeline.checked()?, now).await?;
        changes::record(&mut tx, (id, &before.title), host, &moved, reason, now).await?;
    }
    timeline::set_moves_over_outage(&mut tx, &before, patch.moves_over_outage, now).await?;
    set_hosts_may_have_files(&mut tx, &before, patch.hosts_may_have_files).await?;
    if let Some(limits) = patch.limits(&before) {
        set_limits(&mut tx, &before, limits).await?;
    }
    if let Some(visibility) = patch.visibility(&before)? {
        let emails = patch.emails.as_ref().map(|emails| read_emails(&emails.join("\n"))).transpose()?;
        invite::set(app, &mut tx, host, &before, visibility, emails.as_deref()).await?;
    }
    let basics = patch.basics(&before)?;
    set_basics(&mut tx, &before, &basics, now).await?;
    audit_again(&mut tx, &before).await?;
    finish(app, tx, host, id, "edit_settings").await?;
    Ok(basics.slug)
}

/// Draws the proposals anew, notes who did it, and commits.
///
/// # Errors
/// Those of the database.
pub(super) async fn finish(
    app: &App,
    mut tx: sqlx::Transaction<'_, sqlx::Postgres>,
    host: &Member,
    id: CompetitionId,
    action: &str,
) -> Result<()> {
    put_on_record(&mut tx, host, id, action, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// As [`finish`], in a transaction that does more.
///
/// # Errors
/// Those of the database.
pub(super) async fn put_on_record(
    conn: &mut PgConnection,
    host: &Member,
    id: CompetitionId,
    action: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    propose::refresh(conn, id, now).await?;
    store::drafts::note(conn, now, host.id, action, id, &serde_json::json!({})).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_launch_nothing_people_rely_on_shrinks() {
        let before = Competition { total_limit: Some(40), ..Competition::sample() };
        let same = Limits {
            daily: before.daily_limit,
            total: Some(40),
            finals: before.final_limit,
            team: before.team_limit,
            max_upload_bytes: before.max_upload_bytes,
            score_decimals: 3,
            ladder: before.ladder,
            board_shows: before.board_shows,
            board_stays_veiled: before.board_stays_veiled,
        };
        assert!(only_upward(&before, &same).is_ok());
        assert!(only_upward(&before, &Limits { daily: before.daily_limit - 1, ..same }).is_err());
        assert!(only_upward(&before, &Limits { total: Some(39), ..same }).is_err());
        assert!(only_upward(&before, &Limits { total: None, ..same }).is_ok());
        assert!(only_upward(&Competition { total_limit: None, ..before.clone() }, &same).is_err());
    }
}
