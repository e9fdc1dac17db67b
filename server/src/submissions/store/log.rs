//! Every SQL statement about the append-only log.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, SubmissionId};

/// The last entry of a competition's log.
pub struct LogHead {
    pub length: i64,
    pub hash: Vec<u8>,
    /// Whether an earlier release wrote it, without a nonce.
    pub is_guessable: bool,
}

/// An entry about to be written.
pub struct NewEntry {
    pub position: i64,
    pub id: SubmissionId,
    pub nonce: [u8; 32],
    pub leaf: [u8; 32],
    pub hash: [u8; 32],
}

/// An entry as everybody may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub position: i64,
    /// To the minute.
    pub received_at: DateTime<Utc>,
    /// None of both of what an earlier release received: it could be guessed what such hashes are of.
    pub leaf: Option<Vec<u8>>,
    pub hash: Option<Vec<u8>>,
}

/// The head of a competition's log, locked; made on first use.
///
/// # Errors
/// Those of the database.
pub async fn lock(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<LogHead> {
    sqlx::query_as!(
        LogHead,
        "insert into submission_log_heads as head (competition_id, head_hash)
         values ($1, decode(repeat('00', 32), 'hex'))
         on conflict (competition_id) do update set length = head.length
         returning length, head_hash as hash,
                   exists (select from submission_log l
                           where l.competition_id = head.competition_id and l.position = head.length
                             and l.leaf is null) as \"is_guessable!\"",
        id.0,
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn append(
    conn: &mut PgConnection,
    competition_id: CompetitionId,
    entry: &NewEntry,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with entry as (
            insert into submission_log (competition_id, position, submission_id, entry_hash, nonce, leaf)
            values ($1, $2, $3, $4, $5, $6)
         )
         update submission_log_heads set length = $2, head_hash = $4 where competition_id = $1",
        competition_id.0,
        entry.position,
        entry.id.0,
        entry.hash.as_slice(),
        entry.nonce.as_slice(),
        entry.leaf.as_slice(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Entries behind `after`, the oldest first.
///
/// # Errors
/// Those of the database.
pub async fn entries(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<LogEntry>> {
    sqlx::query_as!(
        LogEntry,
        "select l.position, date_trunc('minute', s.received_at, 'UTC') as \"received_at!\", l.leaf,
                case when l.leaf is not null then l.entry_hash end as hash
         from submission_log l
         join submissions s on s.id = l.submission_id
         where l.competition_id = $1 and l.position > $2
         order by l.position
         limit $3",
        id.0,
        after,
        limit,
    )
    .fetch_all(conn)
    .await
}
