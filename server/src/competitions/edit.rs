//! Changing a competition's settings. What people rely on after launch only ever grows: limits go
//! up, the end moves out, the address stays.

use rand::RngExt;
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::{Competition, Phase};
use crate::competitions::settings::{Basics, Limits, Timeline, Visibility};
use crate::competitions::store::texts::Writing;
use crate::competitions::{create, propose, store};
use crate::error::{AppError, Result};
use crate::ids::CompetitionId;
use crate::markdown;

/// Longest page in characters, as the schema has it.
const LONGEST_PAGE: usize = 200_000;

/// Changes title, subtitle and, before launch, the address.
///
/// # Errors
/// [`AppError::Field`] when the address is taken, or would change after launch.
pub async fn edit_basics(app: &App, host: &Member, seen: &Seen, basics: &Basics) -> Result<()> {
    let competition = &seen.competition;
    if competition.launched_at.is_some() && basics.slug != competition.slug {
        return Err(AppError::field(
            "slug",
            "The address stays as it is after launch: people have links to it.",
        ));
    }
    let mut tx = app.db.begin().await?;
    store::drafts::set_basics(&mut tx, competition.id, basics).await.map_err(create::taken)?;
    finish(app, tx, host, competition, "edit_basics").await
}

/// Changes the timeline; after launch the start is fixed and everything else only moves later.
///
/// # Errors
/// [`AppError::Field`] for the time that may not change like this.
pub async fn edit_timeline(app: &App, host: &Member, seen: &Seen, timeline: &Timeline) -> Result<()> {
    let competition = &seen.competition;
    let mut tx = app.db.begin().await?;
    if let Some(before) = lock_launched(&mut tx, competition.id).await? {
        only_later(&before, timeline, before.phase(app.clock.now()))?;
    }
    store::drafts::set_timeline(&mut tx, competition.id, timeline).await?;
    finish(app, tx, host, competition, "edit_timeline").await
}

/// Locks a competition and reads it as it is now, if it was launched.
async fn lock_launched(conn: &mut PgConnection, id: CompetitionId) -> Result<Option<Competition>> {
    match store::drafts::lock(conn, id).await? {
        Some(_) => Ok(store::find_by_id(conn, id).await?),
        None => Ok(None),
    }
}

fn only_later(before: &Competition, after: &Timeline, phase: Phase) -> Result<()> {
    if matches!(phase, Phase::Closed | Phase::Final) {
        return Err(AppError::field("ends_at", "It is over: the timeline stands."));
    }
    if before.starts_at != Some(after.starts_at) {
        return Err(AppError::field("starts_at", "The start is fixed since the launch."));
    }
    for (field, old, new, what) in [
        ("entry_deadline_at", before.entry_deadline_at, after.entry_deadline_at, "The last day to enter"),
        ("merger_deadline_at", before.merger_deadline_at, after.merger_deadline_at, "The last day to merge"),
        ("ends_at", before.ends_at, after.ends_at, "The end"),
    ] {
        if old.is_some_and(|old| new < old) {
            return Err(AppError::field(
                field,
                format!("{what} can be moved out after launch, never in: people rely on it."),
            ));
        }
    }
    Ok(())
}

/// Changes the limits; after launch they only go up.
///
/// # Errors
/// [`AppError::Field`] for the limit that would shrink.
pub async fn edit_limits(app: &App, host: &Member, seen: &Seen, limits: Limits) -> Result<()> {
    let limits = limits.checked()?;
    let competition = &seen.competition;
    let mut tx = app.db.begin().await?;
    if let Some(before) = lock_launched(&mut tx, competition.id).await? {
        only_upward(&before, &limits)?;
    }
    store::drafts::set_limits(&mut tx, competition.id, &limits).await?;
    finish(app, tx, host, competition, "edit_limits").await
}

fn only_upward(before: &Competition, after: &Limits) -> Result<()> {
    for (field, shrinks) in [
        ("daily_limit", after.daily < before.daily_limit),
        ("final_limit", after.finals < before.final_limit),
        ("team_limit", after.team < before.team_limit),
        ("max_upload_mib", after.max_upload_bytes < before.max_upload_bytes),
    ] {
        if shrinks {
            return Err(AppError::field(field, "After launch a limit can be raised, never lowered."));
        }
    }
    Ok(())
}

/// Changes who may see it, and who is invited by name.
///
/// # Errors
/// Those of the database.
pub async fn edit_visibility(
    app: &App,
    host: &Member,
    seen: &Seen,
    visibility: Visibility,
    emails: &[String],
) -> Result<()> {
    let competition = &seen.competition;
    let mut tx = app.db.begin().await?;
    store::drafts::set_visibility(&mut tx, competition.id, visibility).await?;
    store::drafts::set_invited(&mut tx, competition.id, emails, app.clock.now()).await?;
    if visibility == Visibility::Invitation
        && store::drafts::invite_secret(&mut tx, competition.id).await?.is_none()
    {
        store::drafts::set_invite_secret(&mut tx, competition.id, &new_secret(), app.clock.now()).await?;
    }
    finish(app, tx, host, competition, "edit_visibility").await
}

/// Makes a new invitation link; the old one stops working.
///
/// # Errors
/// Those of the database.
pub async fn renew_link(app: &App, host: &Member, seen: &Seen) -> Result<()> {
    let mut tx = app.db.begin().await?;
    store::drafts::set_invite_secret(&mut tx, seen.competition.id, &new_secret(), app.clock.now()).await?;
    finish(app, tx, host, &seen.competition, "renew_invitation_link").await
}

fn new_secret() -> String {
    hex::encode(rand::rng().random::<[u8; 16]>())
}

/// Writes a page, drawn as it is saved. Returns the page's slug.
///
/// # Errors
/// [`AppError::Field`] for a title or text that cannot be kept.
pub async fn write_page(
    app: &App,
    host: &Member,
    seen: &Seen,
    slug: &str,
    title: &str,
    text: &str,
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
    let html = markdown::draw(&markdown);
    let mut tx = app.db.begin().await?;
    let page = Writing { slug, title, markdown: &markdown, html: &html, is_proposed: false };
    store::texts::save(&mut tx, seen.competition.id, &page, app.clock.now()).await?;
    finish(app, tx, host, &seen.competition, "write_page").await?;
    Ok(slug.to_owned())
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
/// [`AppError::Refused`] for one of these after the launch; [`AppError::NotFound`].
pub async fn remove_page(app: &App, host: &Member, seen: &Seen, slug: &str) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let launched_at = store::drafts::lock(&mut tx, seen.competition.id).await?;
    if OWN_PAGES.contains(&slug) && launched_at.is_some() {
        return Err(AppError::refused("Every competition has this page: change its text instead."));
    }
    if !store::texts::remove(&mut tx, seen.competition.id, slug).await? {
        return Err(AppError::NotFound);
    }
    finish(app, tx, host, &seen.competition, "remove_page").await
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
    finish(app, tx, host, &seen.competition, "order_pages").await
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
    competition: &Competition,
    action: &str,
) -> Result<()> {
    let now = app.clock.now();
    propose::refresh(&mut tx, competition.id, now).await?;
    store::drafts::note(&mut tx, now, host.id, action, competition.id, &serde_json::json!({})).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_launch_nothing_people_rely_on_shrinks() {
        let before = Competition::sample();
        let same = Limits {
            daily: before.daily_limit,
            finals: before.final_limit,
            team: before.team_limit,
            max_upload_bytes: before.max_upload_bytes,
            score_decimals: 3,
        };
        assert!(only_upward(&before, &same).is_ok());
        assert!(only_upward(&before, &Limits { daily: before.daily_limit - 1, ..same }).is_err());
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
