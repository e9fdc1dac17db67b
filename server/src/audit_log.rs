//! The record of what hosts, moderators and administrators did.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::ids::{CompetitionId, UserId};

/// Puts an act on record, in the transaction of the act itself; `about` is none for what concerns the whole site.
///
/// # Errors
/// Those of the database.
pub async fn record(
    conn: &mut PgConnection,
    at: DateTime<Utc>,
    actor: UserId,
    action: &str,
    about: Option<CompetitionId>,
    detail: &Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into audit_log (at, actor_id, action, competition_id, detail) values ($1, $2, $3, $4, $5)",
        at,
        actor.0,
        action,
        about.map(|id| id.0),
        detail,
    )
    .execute(conn)
    .await?;
    Ok(())
}
