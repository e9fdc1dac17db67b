//! Drawn pages of boards and parts of them as JSON, kept under the board's revision: a page that nobody changed is not made
//! twice, and one that somebody changed has another key.

use std::sync::Arc;

use axum::body::Bytes;

use crate::cache::Cache;
use crate::coalescing::Batched;
use crate::competitions::model::Competition;
use crate::ids::{CompetitionId, TeamId};
use crate::leaderboard::model::{Key, Row, View};
use crate::leaderboard::order::Orders;
use crate::leaderboard::ranked;
use crate::leaderboard::sight::Audience;
use crate::leaderboard::store::Line;
use crate::ranks::model::Summary;
use crate::ranks::store::TeamRange;
use crate::web::packing::Shared;

/// Pages kept at most; each is about 20 kB.
const PAGES: usize = 400;
/// Rows of viewers' own teams kept at most.
const OWN_ROWS: usize = 4_000;
/// Parts of boards as JSON kept at most; each is up to 100 kB.
const PARTS: usize = 100;
/// Whole boards kept at most; each is up to 1 MB.
const PACKED: usize = 16;
/// What is known of boards as a whole, kept at most.
const SUMMARIES: usize = 1_000;

/// Rows as HTML, with the key of the page after them.
#[derive(Debug)]
pub struct Drawn {
    pub rows: Shared,
    /// The first and the last rank; `None` where nobody is ranked.
    pub ranks: Option<(i64, i64)>,
    /// Teams on a final board that counts for medals; `None` on any other.
    pub n_medalled: Option<i64>,
    pub next: Option<String>,
}

/// A part of a board as JSON, the same for every caller of an audience.
#[derive(Debug)]
pub struct Part {
    /// An array of rows.
    pub items: Shared,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BoardKey {
    competition: CompetitionId,
    /// Of the board and of its ranges.
    revision: (i64, i64),
    view: &'static str,
}

impl BoardKey {
    pub fn of(competition: &Competition, view: View) -> Self {
        Self {
            competition: competition.id,
            revision: (competition.board_revision, competition.ranks_revision),
            view: view.name(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageKey {
    pub board: BoardKey,
    pub audience: Audience,
    pub after: String,
}

impl PageKey {
    pub fn of(competition: &Competition, view: View, audience: Audience, after: Key) -> Self {
        Self { board: BoardKey::of(competition, view), audience, after: after.to_string() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartKey {
    pub page: PageKey,
    pub limit: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnKey {
    pub board: BoardKey,
    pub team: TeamId,
}

/// What a public board says of a team but for its rank.
#[derive(Clone)]
pub struct OwnLine {
    pub line: Line,
    pub range: Option<TeamRange>,
}

pub struct Boards {
    pub pages: Cache<PageKey, Arc<Drawn>>,
    pub parts: Cache<PartKey, Arc<Part>>,
    /// Whole boards as packed CSV.
    pub packed: Cache<(BoardKey, Audience), Bytes>,
    /// Held while one is made.
    pub packing: tokio::sync::Mutex<()>,
    /// As they are; see [`crate::leaderboard::sight`].
    pub own_rows: Cache<OwnKey, Option<Row>>,
    /// What is said on public boards of those who look at them.
    pub own_lines: Batched<BoardKey, TeamId, OwnLine>,
    pub summaries: Cache<BoardKey, Option<Summary>>,
    pub orders: Orders,
    pub ranked: ranked::Boards,
    /// Held while a final board is made.
    pub settling: tokio::sync::Mutex<()>,
}

impl Default for Boards {
    fn default() -> Self {
        Self {
            pages: Cache::new(PAGES),
            parts: Cache::new(PARTS),
            packed: Cache::new(PACKED),
            packing: tokio::sync::Mutex::default(),
            own_rows: Cache::new(OWN_ROWS),
            own_lines: Batched::default(),
            summaries: Cache::new(SUMMARIES),
            orders: Orders::default(),
            ranked: ranked::Boards::default(),
            settling: tokio::sync::Mutex::default(),
        }
    }
}
