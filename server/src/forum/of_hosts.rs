//! Hosts hear of what is asked in their competition's forum without asking for it; they may stop following like anybody.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::store::forums;
use crate::ids::{CompetitionId, UserId};
use crate::notifications::model::Target;
use crate::notifications::store::follows;

/// A new host follows the forum.
///
/// # Errors
/// Those of the database.
pub async fn follow(
    conn: &mut PgConnection,
    id: CompetitionId,
    host: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if let Some(forum) = forums::find_of_competition(conn, id).await? {
        follows::insert(conn, host, Target::Forum(forum.id), now).await?;
    }
    Ok(())
}
