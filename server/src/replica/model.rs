//! The replica as a server knows it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use sqlx::PgPool;

use crate::competitions::model::Competition;
use crate::config::Config;
use crate::database;
use crate::ids::CompetitionId;

/// A replica that lags behind by more is not asked: names on boards change without a new revision.
pub const NEAR: Duration = Duration::from_secs(5);

/// How the replica stands to the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nobody looked yet.
    Unknown,
    Near,
    /// It lags behind by more than [`NEAR`].
    Behind,
    /// It cannot be reached, or is none of this database.
    Away,
}

/// Who gave a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Source {
    source: &'static str,
}

impl Source {
    pub const PRIMARY: Self = Self { source: "primary" };
    pub const REPLICA: Self = Self { source: "replica" };
}

pub struct Replica {
    /// `None` where there is no replica.
    pub pool: Option<PgPool>,
    condition: Mutex<Condition>,
    lag_ms: AtomicU64,
    /// How many parts of boards each gave.
    pub reads: Family<Source, Counter>,
}

impl Replica {
    /// # Errors
    /// An address that is none.
    pub fn new(config: &Config) -> sqlx::Result<Self> {
        Ok(Self {
            pool: database::replica(config)?,
            condition: Mutex::new(Condition::Unknown),
            lag_ms: AtomicU64::new(0),
            reads: Family::default(),
        })
    }

    pub fn condition(&self) -> Condition {
        *self.condition.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn lag(&self) -> Duration {
        Duration::from_millis(self.lag_ms.load(Ordering::Relaxed))
    }

    pub(super) fn note_lag(&self, lag: Duration) {
        let lag_ms = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
        self.lag_ms.store(lag_ms, Ordering::Relaxed);
        self.note(if lag > NEAR { Condition::Behind } else { Condition::Near }, "");
    }

    /// One line in the log for each change, however many requests meet it.
    pub(super) fn note(&self, found: Condition, why: &str) {
        let mut condition = self.condition.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *condition, found);
        drop(condition);
        match found {
            Condition::Unknown => {}
            _ if before == found => {}
            Condition::Near => tracing::info!("boards are read from the replica"),
            Condition::Behind => {
                let lag_seconds = self.lag().as_secs();
                tracing::warn!(lag_seconds, "the replica lags behind: the primary gives the boards");
            }
            Condition::Away => tracing::warn!(why, "the replica is away: the primary gives the boards"),
        }
    }
}

/// From when on a board may be shown of a competition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    pub competition: CompetitionId,
    pub board_revision: i64,
    pub ranks_revision: i64,
}

impl Since {
    pub fn of(competition: &Competition) -> Self {
        Self {
            competition: competition.id,
            board_revision: competition.board_revision,
            ranks_revision: competition.ranks_revision,
        }
    }

    /// Whether a database in which the revisions are these has all that is wanted.
    pub fn is_in(&self, board_revision: i64, ranks_revision: i64) -> bool {
        board_revision >= self.board_revision && ranks_revision >= self.ranks_revision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_has_a_board_once_both_its_revisions_are_there() {
        let since = Since { competition: CompetitionId(1), board_revision: 7, ranks_revision: 3 };
        let found = [(7, 3), (8, 4), (6, 3), (7, 2), (8, 2)].map(|(board, ranks)| since.is_in(board, ranks));
        assert_eq!(found, [true, true, false, false, false]);
    }
}
