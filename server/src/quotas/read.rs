//! What the whole site keeps, and whose files take most of it.

use super::model::{Allowed, Large};
use super::store;
use crate::app::App;
use crate::error::Result;

/// So many people, and so many competitions, are listed.
const MOST_SHOWN: i64 = 20;

/// Room for files, as administrators see it.
#[derive(Debug, Clone)]
pub struct SiteRoom {
    /// What each person and each competition may keep, but for exceptions.
    pub allowed: Allowed,
    /// What the whole site keeps, as it was last added up; `None` before it first was.
    pub used_bytes: Option<i64>,
    /// Those whose files take most room, the largest first.
    pub people: Vec<Large>,
    pub competitions: Vec<Large>,
}

/// # Errors
/// Those of the database.
pub async fn site(app: &App) -> Result<SiteRoom> {
    let mut conn = app.db.acquire().await?;
    Ok(SiteRoom {
        allowed: store::allowed(&mut conn).await?,
        used_bytes: store::total(&mut conn).await?.map(|kept| kept.used_bytes()),
        people: store::largest_people(&mut conn, MOST_SHOWN).await?,
        competitions: store::largest_competitions(&mut conn, MOST_SHOWN).await?,
    })
}
