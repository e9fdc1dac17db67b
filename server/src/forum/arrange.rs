//! Verbs of moderators about topics and forums: pin, lock, move, open a general forum.

use serde_json::json;

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::forums::SeenForum;
use crate::forum::model::{self, Forum, SubjectKind};
use crate::forum::store;
use crate::forum::subjects::SeenSubject;
use crate::moderation::record::{Act, record};

/// Puts a topic above the others of its forum, or back among them.
///
/// # Errors
/// [`AppError::Refused`] for everybody but moderators.
pub async fn pin(app: &App, moderator: &Member, seen: &SeenSubject, is_pinned: bool) -> Result<()> {
    require_moderator_of_topic(seen)?;
    let now = app.clock.now();
    let act = if is_pinned { Act::Pin } else { Act::Unpin };
    let mut tx = app.db.begin().await?;
    store::topics::pin(&mut tx, seen.under.id, is_pinned.then_some(now)).await?;
    let detail = json!({ "topic": seen.under.id });
    record(&mut tx, moderator.id, act, seen.under.competition_id, &detail, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Closes a topic for everybody but moderators, or opens it again.
///
/// # Errors
/// [`AppError::Refused`] for everybody but moderators.
pub async fn lock(app: &App, moderator: &Member, seen: &SeenSubject, is_locked: bool) -> Result<()> {
    require_moderator_of_topic(seen)?;
    let now = app.clock.now();
    let act = if is_locked { Act::Lock } else { Act::Unlock };
    let mut tx = app.db.begin().await?;
    store::topics::lock(&mut tx, seen.under.id, is_locked.then_some(now)).await?;
    let detail = json!({ "topic": seen.under.id });
    record(&mut tx, moderator.id, act, seen.under.competition_id, &detail, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Moves a topic to another forum, which the moderator must look after as well.
///
/// # Errors
/// [`AppError::Refused`] for everybody but moderators of both.
pub async fn relocate(app: &App, moderator: &Member, seen: &SeenSubject, to: &SeenForum) -> Result<()> {
    require_moderator_of_topic(seen)?;
    if !to.may_moderate {
        return Err(AppError::refused("You can move topics only into forums that you look after."));
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let topic = store::topics::find(&mut tx, seen.under.id).await?.ok_or(AppError::NotFound)?;
    store::topics::relocate(&mut tx, seen.under.id, &to.forum).await?;
    let detail = json!({ "topic": topic.id, "from_forum": topic.forum_id, "to_forum": to.forum.id });
    record(&mut tx, moderator.id, Act::Move, seen.under.competition_id, &detail, now).await?;
    tx.commit().await?;
    Ok(())
}

fn require_moderator_of_topic(seen: &SeenSubject) -> Result<()> {
    if seen.subject.kind != SubjectKind::Topic {
        return Err(AppError::NotFound);
    }
    if seen.may_moderate {
        Ok(())
    } else {
        Err(AppError::refused("Only hosts and administrators arrange topics."))
    }
}

/// Opens a forum of the whole site.
///
/// # Errors
/// [`AppError::Refused`] for everybody but administrators; [`AppError::Field`] for what is wrong.
pub async fn open_forum(
    app: &App,
    admin: &Member,
    slug: &str,
    title: &str,
    description: &str,
) -> Result<Forum> {
    if !admin.is_admin {
        return Err(AppError::refused("Only administrators open forums."));
    }
    let slug = model::forum_slug(slug).map_err(|sentence| AppError::field("slug", sentence))?;
    let title = model::forum_title(title).map_err(|sentence| AppError::field("title", sentence))?;
    let description =
        model::forum_description(description).map_err(|sentence| AppError::field("description", sentence))?;
    let mut tx = app.db.begin().await?;
    let forum = store::forums::insert(&mut tx, &slug, &title, &description)
        .await?
        .ok_or_else(|| AppError::field("slug", "A forum has this address already."))?;
    let detail = json!({ "forum": forum.id, "slug": forum.slug });
    record(&mut tx, admin.id, Act::OpenForum, None, &detail, app.clock.now()).await?;
    tx.commit().await?;
    Ok(forum)
}
