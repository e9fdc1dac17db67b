//! Arranging topics and forums: mark the answer, pin, lock, move; open a general forum.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::forum::forums::SeenForum;
use crate::forum::model::{self, Forum, SubjectKind};
use crate::forum::subjects::SeenSubject;
use crate::forum::{store, topics};
use crate::ids::PostId;
use crate::moderation::record::{Act, record};

/// What changes about a topic; what is left out stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Arrangement {
    /// By who asked: the reply that is the answer, or `Some(None)` for no reply any more.
    pub answer: Option<Option<PostId>>,
    pub is_pinned: Option<bool>,
    pub is_locked: Option<bool>,
    /// The forum that it goes to.
    pub to: Option<SeenForum>,
}

/// Arranges a topic: all that is wished happens, or nothing.
///
/// # Errors
/// [`AppError::Refused`] for everybody but moderators of the topic and of the forum that it goes to; those of
/// [`topics::mark_answer`]; that of the condition.
pub async fn arrange(
    app: &App,
    member: &Member,
    seen: &SeenSubject,
    wish: &Arrangement,
    stands: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    if seen.subject.kind != SubjectKind::Topic {
        return Err(AppError::NotFound);
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::topics::lock_n_replies(&mut tx, seen.under.id).await?;
    stands(&mut tx).await?;
    if let Some(answer) = wish.answer {
        topics::mark_answer(&mut tx, member, seen, answer, now).await?;
    }
    if let Some(is_pinned) = wish.is_pinned {
        set_pin(&mut tx, member, seen, is_pinned, now).await?;
    }
    if let Some(is_locked) = wish.is_locked {
        set_lock(&mut tx, member, seen, is_locked, now).await?;
    }
    if let Some(to) = &wish.to {
        relocate(&mut tx, member, seen, to, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Puts a topic above the others of its forum, or back among them.
async fn set_pin(
    conn: &mut PgConnection,
    moderator: &Member,
    seen: &SeenSubject,
    is_pinned: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    require_moderator(seen)?;
    store::topics::pin(conn, seen.under.id, is_pinned.then_some(now)).await?;
    let act = if is_pinned { Act::Pin } else { Act::Unpin };
    let detail = json!({ "topic": seen.under.id });
    record(conn, moderator.id, act, seen.under.competition_id, &detail, now).await?;
    Ok(())
}

/// Closes a topic for everybody but moderators, or opens it again.
async fn set_lock(
    conn: &mut PgConnection,
    moderator: &Member,
    seen: &SeenSubject,
    is_locked: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    require_moderator(seen)?;
    store::topics::lock(conn, seen.under.id, is_locked.then_some(now)).await?;
    let act = if is_locked { Act::Lock } else { Act::Unlock };
    let detail = json!({ "topic": seen.under.id });
    record(conn, moderator.id, act, seen.under.competition_id, &detail, now).await?;
    Ok(())
}

/// Moves a topic to another forum, which the moderator must look after as well.
async fn relocate(
    conn: &mut PgConnection,
    moderator: &Member,
    seen: &SeenSubject,
    to: &SeenForum,
    now: DateTime<Utc>,
) -> Result<()> {
    require_moderator(seen)?;
    if !to.may_moderate {
        return Err(AppError::refused("You can move topics only into forums that you moderate."));
    }
    let topic = store::topics::find(conn, seen.under.id).await?.ok_or(AppError::NotFound)?;
    store::topics::relocate(conn, seen.under.id, &to.forum).await?;
    let detail = json!({ "topic": topic.id, "from_forum": topic.forum_id, "to_forum": to.forum.id });
    record(conn, moderator.id, Act::Move, seen.under.competition_id, &detail, now).await?;
    Ok(())
}

fn require_moderator(seen: &SeenSubject) -> Result<()> {
    if seen.may_moderate {
        Ok(())
    } else {
        Err(AppError::refused("Only hosts and administrators can manage topics."))
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
        return Err(AppError::refused("Only administrators can create forums."));
    }
    let slug = model::forum_slug(slug).map_err(|sentence| AppError::field("slug", sentence))?;
    let title = model::forum_title(title).map_err(|sentence| AppError::field("title", sentence))?;
    let description =
        model::forum_description(description).map_err(|sentence| AppError::field("description", sentence))?;
    let mut tx = app.db.begin().await?;
    let forum = store::forums::insert(&mut tx, &slug, &title, &description)
        .await?
        .ok_or_else(|| AppError::field("slug", "A forum already has this address."))?;
    let detail = json!({ "forum": forum.id, "slug": forum.slug });
    record(&mut tx, admin.id, Act::OpenForum, None, &detail, app.clock.now()).await?;
    tx.commit().await?;
    Ok(forum)
}
