//! Votes: one a person, on whatever can be voted on. The database counts them; see the triggers.

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::model::{SubjectKind, Vote};
use crate::forum::store;
use crate::forum::subjects::{SeenSubject, UNPUBLISHED};

/// Casts, changes or takes back a vote; gives the number of votes, ups less downs.
///
/// # Errors
/// [`AppError::Refused`] for what one wrote oneself, and for what is not voted on or not shown.
pub async fn cast(app: &App, voter: &Member, seen: &SeenSubject, vote: Vote) -> Result<i32> {
    if let Some(sentence) = hindrance(voter, seen, vote) {
        return Err(AppError::refused(sentence));
    }
    let id = seen.subject.id;
    let mut tx = app.db.begin().await?;
    match vote.value() {
        Some(value) => store::votes::cast(&mut tx, id, voter.id, value, app.clock.now()).await?,
        None => store::votes::take_back(&mut tx, id, voter.id).await?,
    }
    let n_votes = store::votes::count(&mut tx, &seen.subject).await?;
    tx.commit().await?;
    Ok(n_votes)
}

/// Why this person cannot vote here; `None` when they can.
fn hindrance(voter: &Member, seen: &SeenSubject, vote: Vote) -> Option<&'static str> {
    if seen.subject.kind == SubjectKind::Topic {
        Some("Vote for a topic by voting for its first post.")
    } else if seen.subject.author_id == voter.id {
        Some("You cannot vote for what you wrote yourself.")
    } else if seen.is_unpublished {
        Some(UNPUBLISHED)
    } else if seen.subject.kind == SubjectKind::Notebook && vote == Vote::Down {
        Some("Notebooks can only be voted up. Say in a comment what could be better.")
    } else if !seen.subject.is_shown() || !seen.under.is_shown() {
        Some("This is no longer shown, so you cannot vote on it.")
    } else {
        None
    }
}
