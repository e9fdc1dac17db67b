//! The verbs of moderators about a post: hide it, show it again, warn its author, dismiss its reports.

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

/// Decides about a post, on record. Its author is told of what was hidden and of a warning, not by whom.
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
    if seen.subject.kind != SubjectKind::Post {
        return Err(AppError::NotFound);
    }
    if !seen.may_moderate {
        return Err(AppError::refused("Only hosts and administrators moderate."));
    }
    let words = model::words(words).map_err(|sentence| AppError::field("words", sentence))?;
    let post = PostId(seen.subject.id.0);
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let subject = if posts::place(&mut tx, post).await?.ok_or(AppError::NotFound)?.is_opening {
        seen.under.id // a topic goes with its opening post
    } else {
        seen.subject.id
    };
    let act = match decision {
        Decision::Hide => {
            subjects::set_hidden(&mut tx, subject, Some(now)).await?;
            tell::author(&mut tx, Event::Hidden, post.into(), None, &words, now).await?;
            Act::Hide
        }
        Decision::Show => {
            subjects::set_hidden(&mut tx, subject, None).await?;
            Act::Show
        }
        Decision::Warn => {
            if words.is_empty() {
                return Err(AppError::field("words", "Say what is wrong, so that it can be mended."));
            }
            if !tell::author(&mut tx, Event::Warned, post.into(), None, &words, now).await? {
                return Err(AppError::refused("Its author was warned about this post already."));
            }
            Act::Warn
        }
        Decision::Dismiss => Act::Dismiss,
    };
    let n_closed = store::close(&mut tx, seen.subject.id, now).await?;
    let detail = json!({ "post": post, "words": words, "closed_reports": n_closed });
    record(&mut tx, moderator.id, act, seen.under.competition_id, &detail, now).await?;
    tx.commit().await?;
    Ok(())
}
