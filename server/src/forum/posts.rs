//! Verbs about posts: write, edit, delete. The same for a topic's replies and for comments on anything
//! else.

use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::api::conditions::whatever_stands;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::model::{self, SubjectKind};
use crate::forum::references;
use crate::forum::store::{self, posts::NewPost};
use crate::forum::subjects::SeenSubject;
use crate::ids::PostId;
use crate::images::upload as images;
use crate::moderation::newcomers;
use crate::notifications::{follow, tell};

/// What somebody writes.
#[derive(Debug, Clone)]
pub struct Draft {
    pub markdown: String,
    /// The post that it answers; `None` for one that begins a thread.
    pub parent: Option<PostId>,
}

/// Writes a post under a subject.
///
/// # Errors
/// [`AppError::Field`] for the text; [`AppError::Refused`] where nobody may write;
/// [`AppError::NotFound`] for a parent that is not there; [`AppError::TooMany`] as [`newcomers::admit`].
pub async fn write(app: &App, author: &Member, seen: &SeenSubject, draft: &Draft) -> Result<PostId> {
    seen.require_open()?;
    let text = model::text(&draft.markdown).map_err(|sentence| AppError::field("text", sentence))?;
    let drawn = references::draw(app, author, seen.under.competition_id, &text).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !seen.may_moderate {
        newcomers::admit(&mut tx, author, now).await?;
    }
    let root = match draft.parent {
        Some(parent) => Some(require_root(&mut tx, seen, parent).await?),
        None => None,
    };
    let post = NewPost {
        under: &seen.under,
        author: author.id,
        parent: draft.parent,
        root,
        is_opening: false,
        markdown: &text,
        drawn: &drawn,
    };
    let id = store::posts::insert(&mut tx, &post, now).await?;
    images::note_uses(&mut tx, author.id, id.into(), &drawn.html).await?;
    tell::of_post(&mut tx, id).await?;
    follow::what_one_writes_in(&mut tx, author.id, seen.under.id, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// The thread that an answer to `parent` belongs to.
async fn require_root(conn: &mut PgConnection, seen: &SeenSubject, parent: PostId) -> Result<PostId> {
    let found = store::posts::place(conn, parent).await?.filter(|place| place.under == seen.under.id);
    let place = found.ok_or(AppError::NotFound)?;
    if !place.is_shown {
        return Err(AppError::refused("The post you are answering no longer exists."));
    }
    if place.is_opening {
        return Err(AppError::field("parent", "An answer to the topic itself has no parent: leave it out."));
    }
    Ok(place.root)
}

/// A text as a quotation, to be answered below.
pub fn quote(markdown: &str) -> String {
    let lines =
        markdown.lines().map(|line| if line.is_empty() { ">\n".to_owned() } else { format!("> {line}\n") });
    format!("{}\n", lines.collect::<String>())
}

/// What an author changes.
#[derive(Debug, Clone)]
pub struct Edit {
    pub markdown: String,
    /// Of a topic, with its opening post.
    pub title: Option<String>,
}

/// Replaces the text of the author's own post; what stood there stays readable as a version.
///
/// # Errors
/// [`AppError::Field`] for text or title; [`AppError::Refused`] for everybody but the author, and where
/// the post cannot be changed.
pub async fn edit(app: &App, author: &Member, seen: &SeenSubject, edit: &Edit) -> Result<()> {
    edit_as_read(app, author, seen, edit, whatever_stands).await
}

/// As [`edit`], where the post is still what its author read.
///
/// # Errors
/// As [`edit`]; that of the condition.
pub async fn edit_as_read(
    app: &App,
    author: &Member,
    seen: &SeenSubject,
    edit: &Edit,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    let id = require_own_post(author, seen, "Only its author can change a post.")?;
    seen.require_open()?;
    let text = model::text(&edit.markdown).map_err(|sentence| AppError::field("text", sentence))?;
    let drawn = references::draw(app, author, seen.under.competition_id, &text).await?;
    let mut tx = app.db.begin().await?;
    let before = store::posts::lock_text(&mut tx, id).await?.ok_or(AppError::NotFound)?;
    stands(&mut tx).await?;
    let title = match edit.title.as_deref().filter(|_| before.is_opening) {
        Some(typed) => Some(model::title(typed).map_err(|sentence| AppError::field("title", sentence))?),
        None => None,
    };
    let has_new_title = title.is_some() && title != before.title;
    if text == before.markdown && !has_new_title {
        return Ok(());
    }
    let now = app.clock.now();
    store::posts::keep_version(&mut tx, id, &before, now).await?;
    store::posts::replace_text(&mut tx, id, &text, &drawn, now).await?;
    if let Some(title) = title.filter(|_| has_new_title) {
        store::topics::rename(&mut tx, seen.under.id, &title).await?;
    }
    images::note_uses(&mut tx, author.id, id.into(), &drawn.html).await?;
    tell::of_edit(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes away the author's own post: its place in the thread stays. A topic nobody answered goes
/// with its opening post.
///
/// # Errors
/// [`AppError::Refused`] for everybody but the author; for an opening post that was answered.
pub async fn delete(app: &App, author: &Member, seen: &SeenSubject) -> Result<()> {
    delete_as_read(app, author, seen, whatever_stands).await
}

/// As [`delete`], where the post is still what its author read.
///
/// # Errors
/// As [`delete`]; that of the condition.
pub async fn delete_as_read(
    app: &App,
    author: &Member,
    seen: &SeenSubject,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    let id = require_own_post(author, seen, "Only its author can delete a post.")?;
    let mut tx = app.db.begin().await?;
    store::posts::lock_text(&mut tx, id).await?.ok_or(AppError::NotFound)?;
    stands(&mut tx).await?;
    let place = store::posts::place(&mut tx, id).await?.ok_or(AppError::NotFound)?;
    let gone = if place.is_opening {
        if store::topics::lock_n_replies(&mut tx, seen.under.id).await? > 0 {
            return Err(AppError::refused(
                "This topic has answers, so it cannot be deleted. You can edit its text, or ask a moderator to hide \
                it.",
            ));
        }
        seen.under.id
    } else {
        seen.subject.id
    };
    if !store::subjects::delete(&mut tx, gone, app.clock.now()).await? {
        return Err(AppError::NotFound);
    }
    tx.commit().await?;
    Ok(())
}

fn require_own_post(author: &Member, seen: &SeenSubject, sentence: &str) -> Result<PostId> {
    if seen.subject.kind != SubjectKind::Post {
        return Err(AppError::NotFound);
    }
    if seen.subject.author_id != author.id {
        return Err(AppError::refused(sentence));
    }
    if !seen.subject.is_shown() || !seen.under.is_shown() {
        return Err(AppError::refused("This post is no longer shown, so it cannot be changed."));
    }
    Ok(PostId(seen.subject.id.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_marks_every_line() {
        assert_eq!(quote("One\n\n    code"), "> One\n>\n>     code\n\n");
    }
}
