//! What is asked of primary and replica.

use sqlx::PgConnection;

use crate::ids::CompetitionId;

/// How far a database has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which cluster it is, or is a copy of.
    pub cluster: i64,
    pub is_replica: bool,
    /// In the primary's log.
    pub position: i64,
}

/// # Errors
/// Those of the database.
pub async fn position(conn: &mut PgConnection) -> sqlx::Result<Position> {
    sqlx::query_as!(
        Position,
        "select (select system_identifier from pg_control_system()) as \"cluster!\",
                pg_is_in_recovery() as \"is_replica!\",
                pg_wal_lsn_diff(
                    case when pg_is_in_recovery() then coalesce(pg_last_wal_replay_lsn(), '0/0')
                         else pg_current_wal_flush_lsn() end, '0/0')::bigint as \"position!\"",
    )
    .fetch_one(conn)
    .await
}

/// A competition's revisions as they are here: of its board, and of the ranges beside it.
///
/// # Errors
/// Those of the database.
pub async fn revisions(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<(i64, i64)>> {
    let found = sqlx::query!("select board_revision, ranks_revision from competitions where id = $1", id.0)
        .fetch_optional(conn)
        .await?;
    Ok(found.map(|found| (found.board_revision, found.ranks_revision)))
}
