//! Drawn pages of boards, kept under the board's revision: a page that nobody changed is not made
//! twice, and one that somebody changed has another key.
//!
//! Never here: anything about the viewer. Names that change without a new revision are shown anew
//! after [`KEEP`].

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::ids::{CompetitionId, TeamId};
use crate::leaderboard::model::Row;
use crate::leaderboard::ranked;

/// Longest time that a drawn page is shown.
const KEEP: Duration = Duration::from_secs(30);
/// Pages kept at most; each is about 20 kB.
const PAGES: usize = 400;
/// Rows of viewers' own teams kept at most.
const OWN_ROWS: usize = 4_000;

/// Rows as HTML, with the key of the page after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    pub html: String,
    /// Ranks of the first and last row; `None` for an empty board.
    pub ranks: Option<(i64, i64)>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageKey {
    pub competition: CompetitionId,
    /// Of the board and of its ranges.
    pub revision: (i64, i64),
    pub view: &'static str,
    pub after: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnKey {
    pub competition: CompetitionId,
    pub revision: (i64, i64),
    pub view: &'static str,
    pub team: TeamId,
}

pub struct Boards {
    pub pages: Kept<PageKey, Arc<Drawn>>,
    pub own_rows: Kept<OwnKey, Option<Row>>,
    pub ranked: ranked::Boards,
    /// Held while a final board is made.
    pub settling: tokio::sync::Mutex<()>,
}

impl Default for Boards {
    fn default() -> Self {
        Self {
            pages: Kept::new(PAGES),
            own_rows: Kept::new(OWN_ROWS),
            ranked: ranked::Boards::default(),
            settling: tokio::sync::Mutex::default(),
        }
    }
}

/// A map of bounded size and age; full, it begins anew.
pub struct Kept<K, V> {
    most: usize,
    entries: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    fn new(most: usize) -> Self {
        Self { most, entries: Mutex::default() }
    }

    pub fn get(&self, key: &K) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|(made, _)| made.elapsed() < KEEP).map(|(_, value)| value.clone())
    }

    pub fn put(&self, key: K, value: V) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.most {
            entries.clear();
        }
        entries.insert(key, (Instant::now(), value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let kept = Kept::new(3);
        for number in 0..100 {
            kept.put(number, number);
            assert!(kept.entries.lock().expect("no panic holds it").len() <= 3);
            assert_eq!(kept.get(&number), Some(number));
        }
        assert_eq!(kept.get(&1), None);
    }
}
