//! Whether there is room, asked before a byte is read. What comes at the same time is judged when it is recorded.

use super::model::Owner;
use super::store;
use crate::app::App;
use crate::error::Result;
use crate::ids::{CompetitionId, UserId};

/// # Errors
/// A problem of the kind `quota` where a file of this size fits into the room of a person, or of the competition it is for,
/// no more.
pub async fn require_room(
    app: &App,
    person: UserId,
    competition: Option<CompetitionId>,
    bytes: u64,
) -> Result<()> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut conn = app.db.acquire().await?;
    store::of_person(&mut conn, person).await?.require(Owner::Person(person), bytes)?;
    if let Some(id) = competition {
        store::of_competition(&mut conn, id).await?.require(Owner::Competition(id), bytes)?;
    }
    Ok(())
}
