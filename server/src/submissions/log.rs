//! The append-only log of a competition: a chain over everything that was received.
//!
//! What an entry says stands in its leaf, which is blinded by a nonce that the submission's team alone has. The chain can
//! therefore be read by everybody, and nobody finds out by guessing whose file an entry is, or whether it is a known one.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, SubmissionId, TeamId};
use crate::submissions::store::log as store;

/// Keeps the hashes of entries apart from all others.
const NAME: &[u8] = b"holdout entry 1\n";

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    pub file_sha256: &'a [u8],
    pub received_at: DateTime<Utc>,
    /// The one that sent it.
    pub team: TeamId,
}

/// SHA-256 of the name, the nonce, the file's SHA-256, the time in microseconds since 1970 and the team's number, both as
/// 8 bytes, big end first.
pub fn leaf(nonce: &[u8], said: &Said<'_>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(NAME);
    hasher.update(nonce);
    hasher.update(said.file_sha256);
    hasher.update(said.received_at.timestamp_micros().to_be_bytes());
    hasher.update(said.team.0.to_be_bytes());
    hasher.finalize().into()
}

/// SHA-256 of the hash of the entry before, 32 zeros before the first, and of the leaf.
pub fn entry_hash(previous: &[u8], leaf: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(previous).chain_update(leaf).finalize().into()
}

/// What stands for the hash of an entry that an earlier release received, and that could be guessed: SHA-256 of the next one's
/// nonce and of it.
pub fn blinded(nonce: &[u8], guessable: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(nonce).chain_update(guessable).finalize().into()
}

/// Adds an entry. The log's head is locked until the transaction ends, so positions have no gap.
///
/// # Errors
/// Those of the database.
pub async fn append(
    conn: &mut PgConnection,
    competition_id: CompetitionId,
    id: SubmissionId,
    said: &Said<'_>,
) -> sqlx::Result<()> {
    let head = store::lock(conn, competition_id).await?;
    let nonce: [u8; 32] = rand::random();
    let leaf = leaf(&nonce, said);
    let hash = match head.is_guessable {
        true => entry_hash(&blinded(&nonce, &head.hash), &leaf),
        false => entry_hash(&head.hash, &leaf),
    };
    let entry = store::NewEntry { position: head.length + 1, id, nonce, leaf, hash };
    store::append(conn, competition_id, &entry).await
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn every_part_of_an_entry_changes_its_hash() {
        let said = Said { file_sha256: &[1; 32], received_at: DateTime::UNIX_EPOCH, team: TeamId(1) };
        let hash =
            |previous: u8, nonce: u8, said: &Said<'_>| entry_hash(&[previous; 32], &leaf(&[nonce; 32], said));
        let base = hash(0, 0, &said);
        let others = [
            hash(2, 0, &said),
            hash(0, 2, &said),
            hash(0, 0, &Said { file_sha256: &[2; 32], ..said }),
            hash(0, 0, &Said { received_at: DateTime::UNIX_EPOCH + TimeDelta::microseconds(1), ..said }),
            hash(0, 0, &Said { team: TeamId(2), ..said }),
        ];
        assert!(others.iter().all(|other| *other != base));
    }
}
