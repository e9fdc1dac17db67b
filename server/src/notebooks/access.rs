//! Who may see a notebook, and as what.

use sqlx::PgConnection;

use super::model::{Notebook, Version, Visibility};
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::error::{AppError, Result};
use crate::forum::subjects::may_moderate;
use crate::ids::{NotebookId, UserId};

/// A notebook that its viewer may see: what verbs ask for, so that none forgets to look.
#[derive(Debug, Clone)]
pub struct SeenNotebook {
    pub notebook: Notebook,
    /// Its competition, as the viewer sees it.
    pub competition: Option<Seen>,
    pub is_owner: bool,
    /// Hosts in their competition, administrators everywhere; of what is public.
    pub may_moderate: bool,
}

impl SeenNotebook {
    /// # Errors
    /// [`AppError::Refused`] for everybody but its author.
    pub fn require_owner(&self) -> Result<()> {
        if self.is_owner {
            Ok(())
        } else {
            Err(AppError::refused("Only its author can change a notebook; you can fork it."))
        }
    }

    /// Whether the viewer sees the competition that it belongs to, if it belongs to one.
    pub fn sees_its_competition(&self) -> bool {
        self.notebook.competition_id.is_none() || self.competition.is_some()
    }

    /// One of its versions; the newest without a number.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where there is none.
    pub async fn version(&self, conn: &mut PgConnection, number: Option<i32>) -> Result<Version> {
        let number = number.unwrap_or(self.notebook.latest);
        store::versions::find(conn, self.notebook.id, number).await?.ok_or(AppError::NotFound)
    }
}

/// Finds a notebook for a viewer.
///
/// # Errors
/// [`AppError::NotFound`] where there is none or the viewer may not know of it: private ones of others, those
/// of other teams, those in a competition that the viewer may not see, hidden ones for all but moderators.
pub async fn see(app: &App, username: &str, slug: &str, viewer: Option<&Member>) -> Result<SeenNotebook> {
    let mut conn = app.db.acquire().await?;
    let notebook = store::find(&mut conn, username, slug).await?.ok_or(AppError::NotFound)?;
    drop(conn);
    judge(app, notebook, viewer).await
}

/// As [`see`], by the notebook's id.
///
/// # Errors
/// As [`see`].
pub async fn see_by_id(app: &App, id: NotebookId, viewer: Option<&Member>) -> Result<SeenNotebook> {
    let mut conn = app.db.acquire().await?;
    let notebook = store::find_by_id(&mut conn, id).await?.ok_or(AppError::NotFound)?;
    drop(conn);
    judge(app, notebook, viewer).await
}

async fn judge(app: &App, notebook: Notebook, viewer: Option<&Member>) -> Result<SeenNotebook> {
    let is_owner = viewer.is_some_and(|member| member.id == notebook.owner_id);
    let competition = match notebook.competition_id {
        Some(id) => match access::see_by_id(app, id, viewer).await {
            Err(AppError::NotFound) if is_owner => None,
            seen => Some(seen?),
        },
        None => None,
    };
    let is_public = notebook.visibility == Visibility::Public;
    let may_moderate = is_public && may_moderate(competition.as_ref(), viewer);
    let may_see = is_owner
        || (is_public && (notebook.hidden_at.is_none() || may_moderate))
        || (notebook.visibility == Visibility::Team
            && is_team_mate(app, &notebook, viewer.map(|member| member.id)).await?);
    if may_see {
        Ok(SeenNotebook { notebook, competition, is_owner, may_moderate })
    } else {
        Err(AppError::NotFound)
    }
}

async fn is_team_mate(app: &App, notebook: &Notebook, viewer: Option<UserId>) -> Result<bool> {
    let Some((competition, viewer)) = notebook.competition_id.zip(viewer) else { return Ok(false) };
    let mut conn = app.db.acquire().await?;
    Ok(notebook.hidden_at.is_none()
        && store::are_team_mates(&mut conn, competition, notebook.owner_id, viewer).await?)
}
