//! Verb: confirm the winners, or change the words that go with it.

use serde_json::json;

use super::model::WORDS_LIMIT;
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::model::Phase;
use crate::competitions::store::drafts;
use crate::error::{AppError, Result};
use crate::folder::links;
use crate::leaderboard::read::settled_if_due;

/// A competition for its hosts, with the final board where it is due.
///
/// # Errors
/// [`AppError::NotFound`] for everybody else.
pub async fn open(app: &App, slug: &str, host: &Member) -> Result<Seen> {
    settled_if_due(app, access::see_as_host(app, slug, Some(host)).await?).await
}

/// Confirms; from now on the page is there for everybody who sees the competition.
///
/// # Errors
/// [`AppError::Refused`] before the final board stands; [`AppError::Field`] for words that are too long.
pub async fn close(app: &App, host: &Member, seen: &Seen, words: &str) -> Result<()> {
    let competition = &seen.competition;
    let now = app.clock.now();
    if competition.phase(now) != Phase::Final {
        return Err(AppError::refused(
            "The winners can be confirmed once the competition is over and the final board is out.",
        ));
    }
    let words = words.trim();
    if words.chars().count() > WORDS_LIMIT {
        return Err(AppError::field("words", format!("At most {WORDS_LIMIT} characters.")));
    }
    let html = links::draw(&competition.slug, words);
    let mut tx = app.db.begin().await?;
    let is_new = store::save(&mut tx, competition.id, words, &html, host.id, now).await?;
    let action = if is_new { "confirm_winners" } else { "edit_closing" };
    drafts::note(&mut tx, now, host.id, action, competition.id, &json!({})).await?;
    tx.commit().await?;
    Ok(())
}
