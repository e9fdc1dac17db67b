//! The verb of readers: report a post.

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::model::SubjectKind;
use crate::forum::subjects::SeenSubject;
use crate::moderation::model::{self, Complaint};
use crate::moderation::store;

/// Reports a post to its moderators, once a person.
///
/// # Errors
/// [`AppError::Refused`] for one's own post and for a second report; [`AppError::Field`] for the words.
pub async fn file(
    app: &App,
    reporter: &Member,
    seen: &SeenSubject,
    complaint: Complaint,
    words: &str,
) -> Result<()> {
    if seen.subject.kind != SubjectKind::Post {
        return Err(AppError::NotFound);
    }
    if seen.subject.author_id == reporter.id {
        return Err(AppError::refused("This is your own post: edit or delete it."));
    }
    if !seen.subject.is_shown() {
        return Err(AppError::refused("This is not shown any more, so there is nothing to report."));
    }
    let words = model::words(words).map_err(|sentence| AppError::field("words", sentence))?;
    let mut conn = app.db.acquire().await?;
    let is_new =
        store::insert(&mut conn, seen.subject.id, reporter.id, complaint, &words, app.clock.now()).await?;
    if is_new { Ok(()) } else { Err(AppError::refused("You have reported this post already. Thank you.")) }
}
