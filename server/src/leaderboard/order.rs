//! Where every team of a public board stands, for the rows of those who look at it. A rank is counted, which costs as much as
//! there are teams above; where many ask at one revision, the board's order is read once for all of them instead.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::competitions::model::Competition;
use crate::ids::{CompetitionId, TeamId};

/// Ranks that are counted at one revision; so many counts cost about as much as reading the order.
const COUNTED: u32 = 3;
/// Boards whose order is remembered; one of 10,000 teams takes about 300 kB.
const BOARDS: usize = 50;

#[derive(Debug, Default)]
pub struct Orders(Mutex<HashMap<CompetitionId, Newest>>);

#[derive(Debug, Default)]
struct Newest {
    revision: i64,
    order: Arc<Order>,
}

/// Of one board at one revision, or after it.
#[derive(Debug, Default)]
pub struct Order {
    n_asked: AtomicU32,
    ranks: OnceCell<HashMap<TeamId, i64>>,
}

impl Orders {
    pub fn of(&self, competition: &Competition) -> Arc<Order> {
        let mut boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if boards.len() >= BOARDS {
            boards.retain(|kept, _| *kept == competition.id);
        }
        let newest = boards.entry(competition.id).or_default();
        if newest.revision < competition.board_revision {
            *newest = Newest { revision: competition.board_revision, order: Arc::default() };
        }
        Arc::clone(&newest.order)
    }
}

impl Order {
    /// A team's rank, by what `read` gives once: the numbers of all teams, best first. `None` where it has to be counted, since few asked, or
    /// where the team is not among them.
    ///
    /// # Errors
    /// Those of the read.
    pub async fn rank<F>(&self, team: TeamId, read: impl FnOnce() -> F) -> sqlx::Result<Option<i64>>
    where
        F: Future<Output = sqlx::Result<Vec<i64>>>,
    {
        if self.n_asked.fetch_add(1, Ordering::Relaxed) < COUNTED {
            return Ok(None);
        }
        let in_order =
            || async { read().await.map(|teams| teams.into_iter().map(TeamId).zip(1..).collect()) };
        Ok(self.ranks.get_or_try_init(in_order).await?.get(&team).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_board_is_read_once_at_a_revision_when_many_ask() {
        let orders = Orders::default();
        let at = |board_revision| Competition { board_revision, ..Competition::sample() };
        let n_reads = AtomicU32::new(0);
        let ask = async |revision: i64, team: i64| {
            let read = || async {
                n_reads.fetch_add(1, Ordering::Relaxed);
                Ok(vec![7, 9])
            };
            orders.of(&at(revision)).rank(TeamId(team), read).await.ok().flatten()
        };
        for _ in 0..COUNTED {
            assert_eq!(ask(5, 9).await, None, "it is counted");
        }
        assert_eq!((ask(5, 9).await, ask(5, 7).await, ask(5, 8).await), (Some(2), Some(1), None));
        assert_eq!(ask(4, 9).await, Some(2), "whoever is late reads what is newer");
        assert_eq!(n_reads.load(Ordering::Relaxed), 1);
        assert_eq!(ask(6, 9).await, None, "another revision");
        assert_eq!(n_reads.load(Ordering::Relaxed), 1);
    }
}
