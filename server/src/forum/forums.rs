//! Finding a forum for a viewer.

use futures_util::FutureExt;
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::error::{AppError, Result};
use crate::forum::model::Forum;
use crate::forum::{store, subjects};
use crate::ids::{CompetitionId, ForumId};

/// A forum that its viewer may see.
#[derive(Debug, Clone)]
pub struct SeenForum {
    pub forum: Forum,
    pub competition: Option<Seen>,
    pub may_moderate: bool,
}

/// By what forums are found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Named {
    /// Its address.
    OfSite(String),
    Of(CompetitionId),
}

async fn named(app: &App, name: Named) -> Result<Forum> {
    let wanted = name.clone();
    let read = || app.forum_connection.read(&app.db, move |conn| find(conn, wanted).boxed());
    app.forums.read(name, read).await?.ok_or(AppError::NotFound)
}

async fn find(conn: &mut PgConnection, name: Named) -> sqlx::Result<Option<Forum>> {
    match name {
        Named::OfSite(slug) => store::forums::find_general(conn, &slug).await,
        Named::Of(id) => store::forums::find_of_competition(conn, id).await,
    }
}

/// A general forum by its address.
///
/// # Errors
/// [`AppError::NotFound`] when there is none.
pub async fn see_general(app: &App, slug: &str, viewer: Option<&Member>) -> Result<SeenForum> {
    let forum = named(app, Named::OfSite(slug.to_owned())).await?;
    Ok(SeenForum { forum, competition: None, may_moderate: subjects::may_moderate(None, viewer) })
}

/// A competition's forum, by the competition's address.
///
/// # Errors
/// As [`access::see`].
pub async fn see_of_competition(app: &App, slug: &str, viewer: Option<&Member>) -> Result<SeenForum> {
    let seen = access::see(app, slug, viewer).await?;
    let forum = named(app, Named::Of(seen.competition.id)).await?;
    let may_moderate = subjects::may_moderate(Some(&seen), viewer);
    Ok(SeenForum { forum, competition: Some(seen), may_moderate })
}

/// A forum as people name it: `general`, or `c/house-prices` for a competition's.
///
/// # Errors
/// [`AppError::Field`] for `to` where there is none that the viewer may see.
pub async fn see_named(app: &App, name: &str, viewer: Option<&Member>) -> Result<SeenForum> {
    let found = match name.strip_prefix("c/") {
        Some(slug) => see_of_competition(app, slug, viewer).await,
        None => see_general(app, name, viewer).await,
    };
    found.map_err(|error| match error {
        AppError::NotFound => AppError::field(
            "to",
            "This forum does not exist. Enter it as in its address: general, or c/house-prices.",
        ),
        other => other,
    })
}

/// Any forum by its id.
///
/// # Errors
/// [`AppError::NotFound`] when there is none or the viewer may not see its competition.
pub async fn see(app: &App, id: ForumId, viewer: Option<&Member>) -> Result<SeenForum> {
    let forum = store::forums::find(&mut *app.db.acquire().await?, id).await?.ok_or(AppError::NotFound)?;
    let competition = match forum.competition_id {
        Some(id) => Some(access::see_by_id(app, id, viewer).await?),
        None => None,
    };
    let may_moderate = subjects::may_moderate(competition.as_ref(), viewer);
    Ok(SeenForum { forum, competition, may_moderate })
}
