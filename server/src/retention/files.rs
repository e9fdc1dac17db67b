//! Files of submissions that count for nothing, let go some at a time. The database says which, whatever is asked; a file
//! that is not removed after that is nobody's, and swept as such.

use chrono::{DateTime, Utc};

use super::store;
use crate::app::App;
use crate::error::Result;
use crate::ids::CompetitionId;

/// Submissions that one transaction looks at.
const BATCH: i64 = 100;
/// In one go; the rest follows in an hour.
const MOST_BATCHES: usize = 1000;

/// Lets go what was received before, of competitions that ended before.
///
/// # Errors
/// Those of the database and of storage.
pub async fn let_go(app: &App, before: DateTime<Utc>) -> Result<()> {
    let mut at = CompetitionId(0);
    for _ in 0..MOST_BATCHES {
        let mut conn = app.db.acquire().await?;
        let keys = store::let_go_of_files(&mut conn, at, before, BATCH).await?;
        if keys.is_none() {
            let Some(next) = store::next_with_old_files(&mut conn, before, at).await? else { break };
            at = next;
        }
        drop(conn);
        for key in keys.into_iter().flatten() {
            app.files.remove(&key).await?;
        }
    }
    Ok(())
}
