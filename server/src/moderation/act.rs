//! The verbs of moderators about a post or a notebook: hide it, show it again, warn its author, dismiss its reports.

use serde_json::json;

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::model::SubjectKind;
use crate::forum::store::{posts, subjects};
use crate::forum::subjects::SeenSubject;
use crate::ids::PostId;
use crate::moderation::model::{self, Decision};
use crate::moderation::record::{Act, record};
use crate::moderation::store;
use crate::notifications::model::Event;
use crate::notifications::tell;

/// Decides about a post or a notebook, on record. Its author is told of what was hidden and of a warning, not by whom.
///
/// # Errors
/// [`AppError::Refused`] for everybody but moderators, and for a second warning about one post;
/// [`AppError::Field`] for a warning without words.
pub async fn decide(
    app: &App,
    moderator: &Member,
    seen: &SeenSubject,
    decision: Decision,
    words: &str,
) -> Result<()> {
    let id = seen.subject.id;
    let noun = match seen.subject.kind {
        SubjectKind::Post => "post",
        SubjectKind::Notebook => "notebook",
        SubjectKind::Topic => return Err(AppError::NotFound), // its opening post is decided about
    };
    if !seen.may_moderate {
        return Err(AppError::refused("Only hosts and administrators moderate."));
    }
    let words = model::words(words).map_err(|sentence| AppError::field("words", sentence))?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let place = posts::place(&mut tx, PostId(id.0)).await?;
    let goes = match place {
        Some(place) if place.is_opening => seen.under.id, // a topic goes with its opening post
        _ => id,
    };
    let act = match decision {
        Decision::Hide => {
            subjects::hide(&mut tx, goes, &words, now).await?;
            tell::author(&mut tx, Event::Hidden, id, None, &words, now).await?;
            Act::Hide
        }
        Decision::Show => {
            subjects::show(&mut tx, goes).await?;
            Act::Show
        }
        Decision::Warn => {
            if words.is_empty() {
                return Err(AppError::field("words", "Say what is wrong, so that it can be fixed."));
            }
            if !tell::author(&mut tx, Event::Warned, id, None, &words, now).await? {
                return Err(AppError::refused(format!(
                    "The author has already been warned about this {noun}."
                )));
            }
            Act::Warn
        }
        Decision::Dismiss => Act::Dismiss,
    };
    let n_closed = store::close(&mut tx, id, now).await?;
    let detail = json!({ noun: id, "words": words, "closed_reports": n_closed });
    record(&mut tx, moderator.id, act, seen.under.competition_id, &detail, now).await?;
    tx.commit().await?;
    Ok(())
}
