//! The verb of readers: report a post or a notebook.

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::model::SubjectKind;
use crate::forum::subjects::SeenSubject;
use crate::moderation::model::{self, Complaint};
use crate::moderation::store;

/// Reports a post or a notebook to its moderators, once a person.
///
/// # Errors
/// [`AppError::Refused`] for one's own and for a second report; [`AppError::Field`] for the words.
pub async fn file(
    app: &App,
    reporter: &Member,
    seen: &SeenSubject,
    complaint: Complaint,
    words: &str,
) -> Result<()> {
    let noun = match seen.subject.kind {
        SubjectKind::Post => "post",
        SubjectKind::Notebook => "notebook",
        SubjectKind::Topic => return Err(AppError::NotFound), // its opening post is
    };
    if seen.is_own {
        return Err(AppError::refused(format!("This is your own {noun}: edit or delete it.")));
    }
    if !seen.subject.is_shown() || seen.is_unpublished {
        return Err(AppError::refused("This is no longer shown, so there is nothing to report."));
    }
    let words = model::words(words).map_err(|sentence| AppError::field("words", sentence))?;
    let mut conn = app.db.acquire().await?;
    let is_new =
        store::insert(&mut conn, seen.subject.id, reporter.id, complaint, &words, app.clock.now()).await?;
    if is_new {
        Ok(())
    } else {
        Err(AppError::refused(format!("You have already reported this {noun}. Thank you.")))
    }
}
