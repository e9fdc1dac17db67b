//! Changing a competition's settings. What people rely on after launch only ever grows: limits go
//! up, the end moves out, the address stays.

use chrono::{DateTime, Utc};
use holdout_contract::events::{Event, announce};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::changes::{self, Changed};
use crate::competitions::emails::read_emails;
use crate::competitions::invite::{self, Told};
use crate::competitions::model::{Competition, Phase};
use crate::competitions::settings::{Basics, Limits, Patch, Timeline};
use crate::competitions::store::texts::{TextPage, Writing};
use crate::competitions::visibility::Visibility;
use crate::competitions::{board_shows, create, ladder, propose, store, supply};
use crate::error::{AppError, Result};
use crate::folder::links;
use crate::ids::CompetitionId;

/// Longest page in characters, as the schema has it.
const LONGEST_PAGE: usize = 200_000;

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

/// Changes the timeline; after launch the start is fixed and everything else only moves later, which everybody
/// reads with the reason.
///
/// # Errors
/// [`AppError::Field`] for the time that may not change like this, and for the reason.
pub async fn move_times(
    app: &App,
    host: &Member,
    seen: &Seen,
    timeline: &Timeline,
    reason: &str,
) -> Result<()> {
    edit_timeline(app, host, seen, timeline, None, reason).await
}

/// As [`move_times`], with what becomes of the end where it passes while the site is away.
///
/// # Errors
/// As [`move_times`].
pub async fn edit_timeline(
    app: &App,
    host: &Member,
    seen: &Seen,
    timeline: &Timeline,
    moves_over_outage: Option<bool>,
    reason: &str,
) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let (id, now) = (seen.competition.id, app.clock.now());
    let before = lock(&mut tx, id).await?;
    set_moves_over_outage(&mut tx, &before, moves_over_outage, now).await?;
    move_times_within(&mut tx, host, id, |_| Ok(*timeline), reason, now).await?;
    tx.commit().await?;
    Ok(())
}

async fn set_moves_over_outage(
    conn: &mut PgConnection,
    before: &Competition,
    moves: Option<bool>,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(moves) = moves.filter(|moves| *moves != before.moves_over_outage) else { return Ok(()) };
    if before.ended(now).is_some() {
        let words = "Too late: whether the end waits for an outage is decided before it.";
        return Err(AppError::field("moves_over_outage", words));
    }
    Ok(store::drafts::set_moves_over_outage(conn, before.id, moves).await?)
}

/// As [`move_times`], in a transaction that does more; the times are those that `wish` makes of the competition as it
/// is now.
///
/// # Errors
/// As [`move_times`]; those of the wish.
pub async fn move_times_within(
    conn: &mut PgConnection,
    host: &Member,
    id: CompetitionId,
    wish: impl FnOnce(&Competition) -> Result<Timeline>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    move_times_as_of(conn, host, id, wish, reason, (now, now)).await
}

/// As [`move_times_within`], where what may move goes by the first time, and what is recorded by the second.
///
/// # Errors
/// As [`move_times_within`].
pub async fn move_times_as_of(
    conn: &mut PgConnection,
    host: &Member,
    id: CompetitionId,
    wish: impl FnOnce(&Competition) -> Result<Timeline>,
    reason: &str,
    (as_of, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<()> {
    changes::checked_note("reason", reason)?;
    let (before, timeline) = move_times_untold(conn, id, wish, as_of).await?;
    tell_moves(conn, host, &before, &timeline, reason, now).await
}

/// As [`move_times_as_of`], without a word: gives it as it was, and its times now.
///
/// # Errors
/// As [`move_times_within`].
pub async fn move_times_untold(
    conn: &mut PgConnection,
    id: CompetitionId,
    wish: impl FnOnce(&Competition) -> Result<Timeline>,
    as_of: DateTime<Utc>,
) -> Result<(Competition, Timeline)> {
    let before = lock(conn, id).await?;
    let timeline = wish(&before)?;
    set_timeline(conn, &before, &timeline, as_of).await?;
    audit_again(conn, &before).await?;
    Ok((before, timeline))
}

/// Has everybody read how times moved, and why.
///
/// # Errors
/// [`AppError::Field`] for the reason.
pub async fn tell_moves(
    conn: &mut PgConnection,
    host: &Member,
    before: &Competition,
    timeline: &Timeline,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let reason = changes::checked_note("reason", reason)?;
    changes::record(conn, (before.id, &before.title), host, &what_moved(before, timeline), reason, now)
        .await?;
    put_on_record(conn, host, before.id, "edit_timeline", now).await
}

/// Sets the timeline of a draft that is launched with it at once: what the audit says of the contest's
/// length speaks of the one before, and counts towards no verdict.
///
/// # Errors
/// Those of the database.
pub async fn set_timeline_to_launch(
    app: &App,
    host: &Member,
    seen: &Seen,
    timeline: &Timeline,
) -> Result<()> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let before = lock(&mut tx, id).await?;
    set_timeline(&mut tx, &before, timeline, app.clock.now()).await?;
    finish(app, tx, host, id, "edit_timeline").await
}

/// As after any other change, where the launch that the timeline was set for did not come about.
///
/// # Errors
/// Those of the database.
pub async fn audit_what_was_not_launched(app: &App, before: &Competition) -> Result<()> {
    let mut tx = app.db.begin().await?;
    audit_again(&mut tx, before).await?;
    tx.commit().await?;
    Ok(())
}

/// Has a scorer look again where the audit was about another plan: other decimals, more or fewer submissions.
async fn audit_again(conn: &mut PgConnection, before: &Competition) -> Result<()> {
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

/// What of it everybody should read.
async fn set_timeline(
    conn: &mut PgConnection,
    before: &Competition,
    timeline: &Timeline,
    now: DateTime<Utc>,
) -> Result<Vec<Changed>> {
    if before.launched_at.is_some() {
        only_later(before, timeline, before.phase(now))?;
    }
    store::drafts::set_timeline(conn, before.id, timeline).await?;
    announce(conn, Event::Times { competition_id: before.id.0 }).await?;
    Ok(what_moved(before, timeline))
}

fn what_moved(before: &Competition, timeline: &Timeline) -> Vec<Changed> {
    if before.launched_at.is_some() { changes::moves(before, timeline) } else { Vec::new() }
}

/// Locks a competition and reads it as it is now.
async fn lock(conn: &mut PgConnection, id: CompetitionId) -> Result<Competition> {
    store::drafts::lock(conn, id).await?;
    store::find_by_id(conn, id).await?.ok_or(AppError::NotFound)
}

fn only_later(before: &Competition, after: &Timeline, phase: Phase) -> Result<()> {
    if matches!(phase, Phase::Closed | Phase::Final) {
        return Err(AppError::field("ends_at", "It is over: the timeline is final."));
    }
    if before.starts_at != Some(after.starts_at) {
        return Err(AppError::field("starts_at", "The start has been fixed since the launch."));
    }
    for (field, old, new, what) in [
        ("entry_deadline_at", before.entry_deadline_at, after.entry_deadline_at, "The last day to enter"),
        ("merger_deadline_at", before.merger_deadline_at, after.merger_deadline_at, "The last day to merge"),
        ("ends_at", before.ends_at, after.ends_at, "The end"),
    ] {
        if old.is_some_and(|old| new < old) {
            return Err(AppError::field(
                field,
                format!("{what} can be moved later after the launch, but not earlier: people rely on it."),
            ));
        }
    }
    Ok(())
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
        let moved = set_timeline(&mut tx, &before, &timeline.checked()?, now).await?;
        changes::record(&mut tx, (id, &before.title), host, &moved, reason, now).await?;
    }
    set_moves_over_outage(&mut tx, &before, patch.moves_over_outage, now).await?;
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

/// Writes a page, drawn as it is saved; `condition` is asked about what stands there. Returns the page's slug.
///
/// # Errors
/// [`AppError::Field`] for a title or text that cannot be kept; that of the condition.
pub async fn write_page(
    app: &App,
    host: &Member,
    seen: &Seen,
    slug: &str,
    title: &str,
    text: &str,
    condition: impl FnOnce(Option<TextPage>) -> Result<()>,
) -> Result<String> {
    let title = title.trim();
    check_page_title(title)?;
    check_page_text(text)?;
    let made;
    let slug = if slug.trim().is_empty() {
        made = crate::competitions::settings::slug_from(title).chars().take(40).collect::<String>();
        made.trim_end_matches('-')
    } else {
        slug.trim()
    };
    if !is_page_slug(slug) {
        return Err(AppError::field("title", "Use a title with letters or digits."));
    }
    let markdown = text.replace("\r\n", "\n");
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let competition = lock(&mut tx, id).await?;
    let html = links::draw(&competition.slug, &markdown);
    let standing = propose::page(&mut tx, id, slug).await?;
    condition(standing.clone())?;
    let now = app.clock.now();
    propose::refresh(&mut tx, id, now).await?;
    store::page_versions::keep_standing(&mut tx, id, slug).await?;
    let page = Writing { slug, title, markdown: &markdown, html: &html, is_proposed: false };
    store::texts::save(&mut tx, id, &page, now).await?;
    let is_same = standing.is_some_and(|standing| standing.title == title && standing.markdown == markdown);
    if !is_same {
        store::page_versions::keep(&mut tx, id, slug, (title, &markdown), host.id, now).await?;
        if competition.launched_at.is_some() {
            let changed = changes::edited(slug);
            changes::record(&mut tx, (id, &competition.title), host, &changed, "", now).await?;
        }
    }
    finish(app, tx, host, id, "write_page").await?;
    Ok(slug.to_owned())
}

/// The condition of whoever writes whatever stands there.
///
/// # Errors
/// Never.
pub fn whatever_stands(_: Option<TextPage>) -> Result<()> {
    Ok(())
}

/// # Errors
/// [`AppError::Field`] for a title that cannot be kept.
pub fn check_page_title(title: &str) -> Result<()> {
    if title.is_empty() || title.chars().count() > 60 {
        return Err(AppError::field("title", "A page has a title of at most 60 characters."));
    }
    Ok(())
}

/// # Errors
/// [`AppError::Field`] for a text that is too long.
pub fn check_page_text(text: &str) -> Result<()> {
    if text.chars().count() > LONGEST_PAGE {
        return Err(AppError::field("markdown", "A page has at most 200,000 characters."));
    }
    Ok(())
}

/// Whether a page may have this name in its address.
pub fn is_page_slug(slug: &str) -> bool {
    (1..=41).contains(&slug.len())
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !slug.starts_with('-')
}

/// Pages that every competition has; Holdout writes them where no host does.
pub const OWN_PAGES: [&str; 4] = ["overview", "evaluation", "data", "rules"];

/// Removes a page. Of those that every competition has, the proposal comes back; after the launch
/// there is none.
///
/// # Errors
/// [`AppError::Refused`] for one of these after the launch; [`AppError::NotFound`]; that of the condition.
pub async fn remove_page(
    app: &App,
    host: &Member,
    seen: &Seen,
    slug: &str,
    condition: impl FnOnce(Option<TextPage>) -> Result<()>,
) -> Result<()> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let launched_at = store::drafts::lock(&mut tx, id).await?;
    condition(propose::page(&mut tx, id, slug).await?)?;
    propose::refresh(&mut tx, id, app.clock.now()).await?;
    if OWN_PAGES.contains(&slug) && launched_at.is_some() {
        return Err(AppError::refused("Every competition has this page: change its text instead."));
    }
    store::page_versions::keep_standing(&mut tx, id, slug).await?;
    if !store::texts::remove(&mut tx, id, slug).await? {
        return Err(AppError::NotFound);
    }
    finish(app, tx, host, id, "remove_page").await
}

/// Puts pages into an order; those that are not named follow in theirs.
///
/// # Errors
/// [`AppError::Field`] naming a page that is none.
pub async fn order_pages(app: &App, host: &Member, seen: &Seen, slugs: &[String]) -> Result<()> {
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let known = store::texts::links(&mut tx, id).await?;
    if let Some(stranger) = slugs.iter().find(|slug| known.iter().all(|page| page.slug != **slug)) {
        return Err(AppError::field("slugs", format!("There is no page “{stranger}”.")));
    }
    store::texts::order(&mut tx, id, slugs).await?;
    finish(app, tx, host, id, "order_pages").await
}

/// Moves a page one place up.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn move_page_up(app: &App, host: &Member, seen: &Seen, slug: &str) -> Result<()> {
    let mut conn = app.db.acquire().await?;
    let pages = store::texts::links(&mut conn, seen.competition.id).await?;
    drop(conn);
    let mut slugs: Vec<String> = pages.into_iter().map(|page| page.slug).collect();
    let at = slugs.iter().position(|known| known == slug).ok_or(AppError::NotFound)?;
    slugs.swap(at, at.saturating_sub(1));
    order_pages(app, host, seen, &slugs).await
}

/// Draws the proposals anew, notes who did it, and commits.
async fn finish(
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

async fn put_on_record(
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
        let (starts_at, ends_at) = (before.starts_at.expect("set"), before.ends_at.expect("set"));
        let later = ends_at + chrono::TimeDelta::days(1);
        let timeline =
            Timeline { starts_at, entry_deadline_at: ends_at, merger_deadline_at: ends_at, ends_at: later };
        assert!(only_later(&before, &timeline, Phase::Open).is_ok());
        assert!(only_later(&before, &timeline, Phase::Final).is_err());
        let sooner = Timeline { ends_at: ends_at - chrono::TimeDelta::days(1), ..timeline };
        assert!(only_later(&before, &sooner, Phase::Open).is_err());
        let moved = Timeline { starts_at: starts_at - chrono::TimeDelta::days(1), ..timeline };
        assert!(only_later(&before, &moved, Phase::Open).is_err());
    }
}
