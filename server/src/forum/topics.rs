//! Verbs about topics: open one, mark the answer.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::forums::SeenForum;
use crate::forum::model::{self, SubjectKind};
use crate::forum::references;
use crate::forum::store::{self, posts::NewPost};
use crate::forum::subjects::SeenSubject;
use crate::ids::{PostId, TopicId};
use crate::images::upload as images;
use crate::moderation::newcomers;
use crate::notifications::model::Event;
use crate::notifications::{follow, tell};

/// Opens a topic with its first post.
///
/// # Errors
/// [`AppError::Field`] for title or text; [`AppError::TooMany`] as [`newcomers::admit`].
pub async fn open(app: &App, author: &Member, seen: &SeenForum, title: &str, text: &str) -> Result<TopicId> {
    let title = model::title(title).map_err(|sentence| AppError::field("title", sentence))?;
    let text = model::text(text).map_err(|sentence| AppError::field("text", sentence))?;
    let drawn = references::draw(app, author, seen.forum.competition_id, &text).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !seen.may_moderate {
        newcomers::admit(&mut tx, author, now).await?;
    }
    let topic = store::topics::insert(&mut tx, &seen.forum, author.id, &title, now).await?;
    let post = NewPost {
        under: &topic,
        author: author.id,
        parent: None,
        root: None,
        is_opening: true,
        markdown: &text,
        drawn: &drawn,
    };
    let opening = store::posts::insert(&mut tx, &post, now).await?;
    images::note_uses(&mut tx, author.id, opening.into(), &drawn.html).await?;
    tell::of_post(&mut tx, opening).await?;
    follow::what_one_writes_in(&mut tx, author.id, topic.id, now).await?;
    tx.commit().await?;
    Ok(TopicId(topic.id.0))
}

/// Marks a reply as the answer, or no reply any more.
///
/// # Errors
/// [`AppError::Refused`] for everybody but the asker; [`AppError::NotFound`] for a post that is no reply
/// in this topic.
pub async fn accept(app: &App, asker: &Member, seen: &SeenSubject, answer: Option<PostId>) -> Result<()> {
    let mut tx = app.db.begin().await?;
    mark_answer(&mut tx, asker, seen, answer, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// As [`accept`], in a transaction of the caller's.
///
/// # Errors
/// As [`accept`].
pub async fn mark_answer(
    conn: &mut PgConnection,
    asker: &Member,
    seen: &SeenSubject,
    answer: Option<PostId>,
    now: DateTime<Utc>,
) -> Result<()> {
    if seen.under.kind != SubjectKind::Topic {
        return Err(AppError::NotFound);
    }
    if seen.under.author_id != asker.id {
        return Err(AppError::refused("Only the person who asked can choose the answer."));
    }
    if let Some(post) = answer {
        let place = store::posts::place(conn, post).await?;
        let is_reply =
            place.is_some_and(|place| place.under == seen.under.id && !place.is_opening && place.is_shown);
        if !is_reply {
            return Err(AppError::NotFound);
        }
    }
    store::topics::accept(conn, seen.under.id, answer).await?;
    if let Some(post) = answer {
        tell::author(conn, Event::Accepted, post.into(), Some(asker.id), "", now).await?;
    }
    Ok(())
}
