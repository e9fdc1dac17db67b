//! Writing, removing and ordering a competition's pages. What one said before stays on record.

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::edit::{finish, lock};
use crate::competitions::settings::slug_from;
use crate::competitions::store::texts::{TextPage, Writing};
use crate::competitions::{changes, propose, store};
use crate::error::{AppError, Result};
use crate::folder::links;

/// Longest page in characters, as the schema has it.
const LONGEST_PAGE: usize = 200_000;

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
    let slug = &slug_of(slug, title)?;
    let markdown = text.replace("\r\n", "\n");
    let id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let competition = lock(&mut tx, id).await?;
    let html = links::draw(&competition.slug, &markdown);
    let standing = propose::page(&mut tx, &competition, slug).await?;
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
    Ok(slug.clone())
}

/// The name of a page in its address: the given one, else one made of its title.
fn slug_of(given: &str, title: &str) -> Result<String> {
    let slug = match given.trim() {
        "" => slug_from(title).chars().take(40).collect::<String>().trim_end_matches('-').to_owned(),
        slug => slug.to_owned(),
    };
    if is_page_slug(&slug) {
        Ok(slug)
    } else {
        Err(AppError::field("title", "Use a title with letters or digits."))
    }
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
    let competition = lock(&mut tx, id).await?;
    condition(propose::page(&mut tx, &competition, slug).await?)?;
    propose::refresh(&mut tx, id, app.clock.now()).await?;
    if OWN_PAGES.contains(&slug) && competition.launched_at.is_some() {
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
