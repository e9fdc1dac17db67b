//! What may be discussed and voted on, and who may see it: everything that refers to a subject by its
//! id asks here first.
//!
//! To add a kind: a variant of [`SubjectKind`], its name in the constraint `subjects_kind`, a table whose
//! rows point to `subjects`, and an arm in [`see`] that asks the room it belongs to. What a list is
//! sorted by stands in the room's own table; a trigger of its own on `votes`, `posts` or `subjects` keeps
//! it (see the migration of this room).

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::error::{AppError, Result};
use crate::forum::model::{Subject, SubjectKind};
use crate::forum::store;
use crate::ids::{NotebookId, PostId, SubjectId, TopicId};
use crate::{notebooks, paths};

/// What is said where somebody would write or vote on a notebook that is not public.
pub const UNPUBLISHED: &str = "Only public notebooks are discussed and voted on: its author can publish it.";

/// A subject that its viewer may see: what verbs ask for, so that none forgets to look.
#[derive(Debug, Clone)]
pub struct SeenSubject {
    pub subject: Subject,
    /// What it is written under; itself where it is no post.
    pub under: Subject,
    /// Of `under`: nobody but moderators writes there any more.
    pub locked_at: Option<DateTime<Utc>>,
    /// Of `under`: a notebook that not everybody may see, which is neither discussed nor voted on.
    pub is_unpublished: bool,
    /// The competition it belongs to, as the viewer sees it.
    pub competition: Option<Seen>,
    /// Hosts in their competition, administrators everywhere.
    pub may_moderate: bool,
    /// The viewer wrote the subject.
    pub is_own: bool,
}

impl SeenSubject {
    /// Whether the viewer may write under it.
    ///
    /// # Errors
    /// [`AppError::Refused`] with the sentence why not.
    pub fn require_open(&self) -> Result<()> {
        if self.is_unpublished {
            return Err(AppError::refused(UNPUBLISHED));
        }
        if !self.under.is_shown() && !self.may_moderate {
            return Err(AppError::refused("A moderator has hidden this, so nobody can write here."));
        }
        match self.locked_at {
            Some(_) if !self.may_moderate => {
                Err(AppError::refused("This topic is locked: you can read it, but not reply."))
            }
            _ => Ok(()),
        }
    }

    /// Whether the viewer may read its text: what is hidden is read by its author and moderators alone,
    /// what is deleted by nobody.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where it may not be read.
    pub fn require_readable(&self) -> Result<()> {
        let Subject { hidden_at, deleted_at, .. } = &self.subject;
        let may_read_hidden = self.may_moderate || self.is_own;
        let is_readable = deleted_at.is_none() && (hidden_at.is_none() || may_read_hidden);
        if is_readable { Ok(()) } else { Err(AppError::NotFound) }
    }
}

/// Finds a subject for a viewer. Posts that are hidden or deleted are found: their place in a thread
/// stays; what may be shown of them is the reader's to decide.
///
/// # Errors
/// [`AppError::NotFound`] where there is none, or where the viewer may not know of it: in a
/// competition that the viewer may not see, or hidden from all but its author and moderators.
pub async fn see(app: &App, id: SubjectId, viewer: Option<&Member>) -> Result<SeenSubject> {
    let mut conn = app.db.acquire().await?;
    let subject = store::subjects::find(&mut conn, id).await?.ok_or(AppError::NotFound)?;
    let under = match subject.kind {
        SubjectKind::Post => store::subjects::find_under(&mut conn, id).await?.ok_or(AppError::NotFound)?,
        SubjectKind::Topic | SubjectKind::Notebook => subject.clone(),
    };
    let locked_at = match under.kind {
        SubjectKind::Topic => store::topics::locked_at(&mut conn, under.id).await?,
        SubjectKind::Post | SubjectKind::Notebook => None,
    };
    drop(conn);
    let notebook = match under.kind {
        SubjectKind::Notebook => {
            Some(notebooks::access::see_by_id(app, NotebookId(under.id.0), viewer).await?)
        }
        SubjectKind::Topic | SubjectKind::Post => None,
    };
    let is_unpublished = notebook.as_ref().is_some_and(|seen| !seen.notebook.is_public());
    let competition = match under.competition_id {
        Some(id) => Some(access::see_by_id(app, id, viewer).await?),
        None => None,
    };
    let may_moderate = may_moderate(competition.as_ref(), viewer);
    let wrote = |subject: &Subject| viewer.is_some_and(|member| member.id == subject.author_id);
    let may_read_hidden = under.deleted_at.is_none() && wrote(&under);
    if !under.is_shown() && !may_moderate && !may_read_hidden {
        return Err(AppError::NotFound);
    }
    let is_own = wrote(&subject);
    Ok(SeenSubject { subject, under, locked_at, is_unpublished, competition, may_moderate, is_own })
}

/// A topic by its id, and nothing else that has an id.
///
/// # Errors
/// As [`see`].
pub async fn see_topic(app: &App, id: TopicId, viewer: Option<&Member>) -> Result<SeenSubject> {
    let seen = see(app, id.into(), viewer).await?;
    if seen.subject.kind == SubjectKind::Topic { Ok(seen) } else { Err(AppError::NotFound) }
}

/// A post by its id, and nothing else that has an id.
///
/// # Errors
/// As [`see`].
pub async fn see_post(app: &App, id: PostId, viewer: Option<&Member>) -> Result<SeenSubject> {
    let seen = see(app, id.into(), viewer).await?;
    if seen.subject.kind == SubjectKind::Post { Ok(seen) } else { Err(AppError::NotFound) }
}

/// A notebook by its author and name.
///
/// # Errors
/// As [`see`].
pub async fn see_notebook(
    app: &App,
    username: &str,
    notebook: &str,
    viewer: Option<&Member>,
) -> Result<SeenSubject> {
    let seen = notebooks::access::see(app, username, notebook, viewer).await?;
    see(app, seen.notebook.id.into(), viewer).await
}

/// How a subject is called and where it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    pub title: String,
    pub address: String,
}

/// The home of what a post is written under.
///
/// # Errors
/// [`AppError::NotFound`] when it is gone.
pub async fn home(conn: &mut PgConnection, under: &Subject) -> Result<Home> {
    match under.kind {
        SubjectKind::Topic => {
            let topic = store::topics::find(conn, under.id).await?.ok_or(AppError::NotFound)?;
            Ok(Home { title: topic.title, address: paths::topic(topic.id) })
        }
        SubjectKind::Notebook => {
            let found = notebooks::store::find_by_id(conn, NotebookId(under.id.0)).await?;
            let notebook = found.ok_or(AppError::NotFound)?;
            Ok(Home {
                address: paths::notebook_part(&notebook.owner_username, &notebook.slug, "comments"),
                title: notebook.title,
            })
        }
        SubjectKind::Post => Err(AppError::NotFound), // nothing is written under a post
    }
}

/// Hosts moderate in their competition, administrators everywhere.
pub fn may_moderate(competition: Option<&Seen>, viewer: Option<&Member>) -> bool {
    competition.is_some_and(|seen| seen.standing.is_host) || viewer.is_some_and(|member| member.is_admin)
}
