//! Verbs: announce something to everybody who takes part, correct it, withdraw it.

use serde_json::json;
use sqlx::PgConnection;

use super::model::{Announcement, MOST, Wish, admit, excerpt, reason};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::store::drafts;
use crate::error::{AppError, Result};
use crate::folder::links;
use crate::ids::BulletinId;
use crate::markdown;
use crate::notifications::model::Event;
use crate::notifications::tell::{self, Bulletin};

/// Puts an announcement on the competition's page, and has everybody told once the transaction is over.
///
/// # Errors
/// [`AppError::Refused`] before the launch; [`AppError::Field`] for title or text; [`AppError::TooMany`] as [`admit`].
pub async fn announce(app: &App, host: &Member, seen: &Seen, wish: &Wish) -> Result<BulletinId> {
    let competition = &seen.competition;
    if competition.launched_at.is_none() {
        return Err(AppError::refused("There are no participants to notify before the launch."));
    }
    let wish = wish.checked()?;
    let html = links::draw(&competition.slug, &wish.text);
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    drafts::lock(&mut tx, competition.id).await?;
    admit(store::nth_newest(&mut tx, competition.id, MOST).await?, now)?;
    let (sentence, excerpt) = told(&competition.title, &wish);
    let bulletin = Bulletin {
        competition: competition.id,
        event: Event::Announced,
        sentence: &sentence,
        excerpt: &excerpt,
        by: host.id,
    };
    let id = tell::all_who_take_part(&mut tx, &bulletin, now).await?;
    store::insert(&mut tx, competition.id, id, &wish, &html).await?;
    drafts::note(&mut tx, now, host.id, "announce", competition.id, &json!({ "announcement": id })).await?;
    tx.commit().await?;
    Ok(id)
}

/// What people are told: a sentence, and the first words.
fn told(competition: &str, wish: &Wish) -> (String, String) {
    let sentence = format!("{competition}: {}", wish.title);
    (sentence.chars().take(500).collect(), excerpt(&markdown::plain(&wish.text)))
}

/// Replaces title and text; from now on it says when it was corrected. People are not told again, and whoever
/// was not told yet reads the new words.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Field`] for title or text; [`AppError::Refused`] once it is withdrawn.
pub async fn correct(app: &App, host: &Member, seen: &Seen, id: BulletinId, wish: &Wish) -> Result<()> {
    let competition = &seen.competition;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let before = lock(&mut tx, seen, id).await?;
    let wish = wish.checked()?;
    if wish == before.wish() {
        return Ok(());
    }
    let html = links::draw(&competition.slug, &wish.text);
    store::correct(&mut tx, id, &wish, &html, now).await?;
    let (sentence, excerpt) = told(&competition.title, &wish);
    tell::otherwise(&mut tx, id, &sentence, &excerpt).await?;
    let detail = json!({ "announcement": id, "before": { "title": before.title, "text": before.markdown } });
    drafts::note(&mut tx, now, host.id, "correct_announcement", competition.id, &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Marks it as withdrawn, with a reason that everybody reads; its text stays.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Field`] for the reason; [`AppError::Refused`] where it is withdrawn already.
pub async fn withdraw(app: &App, host: &Member, seen: &Seen, id: BulletinId, because: &str) -> Result<()> {
    let competition = &seen.competition;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let before = lock(&mut tx, seen, id).await?;
    let because = reason(because)?;
    store::withdraw(&mut tx, id, &because, now).await?;
    let sentence: String =
        format!("{}: withdrawn: {}", competition.title, before.title).chars().take(500).collect();
    tell::otherwise(&mut tx, id, &sentence, &because).await?;
    let detail = json!({ "announcement": id, "reason": because });
    drafts::note(&mut tx, now, host.id, "withdraw_announcement", competition.id, &detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Holds one that can still be changed.
async fn lock(conn: &mut PgConnection, seen: &Seen, id: BulletinId) -> Result<Announcement> {
    drafts::lock(conn, seen.competition.id).await?;
    let found = store::find(conn, seen.competition.id, id).await?.ok_or(AppError::NotFound)?;
    if found.withdrawn_at.is_some() {
        return Err(AppError::refused("This announcement has been withdrawn and can no longer be changed."));
    }
    Ok(found)
}
