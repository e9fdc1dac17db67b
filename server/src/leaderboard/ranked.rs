//! Public boards of teams ranked by several metrics. Every rank follows from everybody's entry, so the
//! board is computed whole: at most once a revision, however many ask, and kept until the next.
//!
//! Never here: names, which change without a new revision, and what is computed on private rows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::app::App;
use crate::competitions::model::Competition;
use crate::error::Result;
use crate::ids::{CompetitionId, TeamId, VersionId};
use crate::leaderboard::model::{Key, Ranked, Row};
use crate::leaderboard::store;
use crate::replica;
use crate::replica::model::Since;
use crate::replica::read::Conn;

/// Entries of all boards in memory, of about 200 bytes each; the board at hand is always kept.
const ENTRIES: usize = 200_000;

/// A team's entry, without its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub team_id: TeamId,
    /// `None` for a baseline.
    pub rank: Option<i32>,
    pub ranked: Option<Ranked>,
    pub score: f64,
    pub n_entries: i32,
    pub last_entry_at: DateTime<Utc>,
    pub rank_at_midnight: Option<i32>,
    pub key: Key,
}

/// A whole board.
#[derive(Debug)]
pub struct Board {
    version: VersionId,
    /// No older than what it shows.
    revision: i64,
    entries: Vec<Entry>,
    places: HashMap<TeamId, usize>,
}

impl Board {
    /// Both in their orders.
    pub fn new(version: VersionId, revision: i64, ranked: Vec<Entry>, baselines: Vec<Entry>) -> Self {
        let entries = in_their_places(ranked, baselines);
        let places = entries.iter().enumerate().map(|(place, entry)| (entry.team_id, place)).collect();
        Self { version, revision, entries, places }
    }

    fn is_of(&self, wanted: Wanted) -> bool {
        self.version == wanted.version && self.revision >= wanted.since.board_revision
    }

    fn after(&self, key: &Key, limit: i64) -> &[Entry] {
        let stands_at = self.entries.iter().position(|entry| entry.key.submission_id == key.submission_id);
        // A baseline comes behind the row of its key's rank.
        let is_behind = |entry: &Entry| entry.rank.map_or(entry.key.rank + 1, i64::from) > key.rank;
        let from = match stands_at {
            Some(place) => place + 1,
            None if *key == Key::first() => 0,
            None => self.entries.iter().position(is_behind).unwrap_or(self.entries.len()),
        };
        let rest = self.entries.get(from..).unwrap_or_default();
        &rest[..rest.len().min(usize::try_from(limit).unwrap_or(0))]
    }
}

/// A baseline comes behind those above it, which its key counts.
fn in_their_places(ranked: Vec<Entry>, baselines: Vec<Entry>) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(ranked.len() + baselines.len());
    let mut waiting = baselines.into_iter().peekable();
    for entry in ranked {
        while let Some(baseline) = waiting.next_if(|one| one.key.rank < entry.key.rank) {
            entries.push(baseline);
        }
        entries.push(entry);
    }
    entries.extend(waiting);
    entries
}

/// Which board, and from when on.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    since: Since,
    version: VersionId,
}

/// The boards in memory, one a competition.
#[derive(Debug, Default)]
pub struct Boards(Mutex<HashMap<CompetitionId, Arc<Slot>>>);

#[derive(Debug, Default)]
struct Slot {
    /// Held while the board is computed.
    turn: tokio::sync::Mutex<()>,
    newest: Mutex<Option<Arc<Board>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Boards {
    fn slot(&self, id: CompetitionId) -> Arc<Slot> {
        lock(&self.0).entry(id).or_default().clone()
    }

    /// Forgets other boards where all are too much.
    fn make_room(&self, id: CompetitionId) {
        let mut slots = lock(&self.0);
        let n_entries: usize = slots.values().map(|slot| slot.n_entries()).sum();
        if n_entries > ENTRIES {
            slots.retain(|kept, _| *kept == id);
        }
    }
}

impl Slot {
    fn board(&self, wanted: Wanted) -> Option<Arc<Board>> {
        lock(&self.newest).as_ref().filter(|board| board.is_of(wanted)).cloned()
    }

    fn n_entries(&self) -> usize {
        lock(&self.newest).as_ref().map_or(0, |board| board.entries.len())
    }
}

/// The board as it stands at the competition's revision, or later.
async fn board(app: &App, competition: &Competition) -> Result<Option<Arc<Board>>> {
    let Some(version) = competition.active_version_id else { return Ok(None) };
    let wanted = Wanted { since: Since::of(competition), version };
    let slot = app.boards.ranked.slot(competition.id);
    if let Some(board) = slot.board(wanted) {
        return Ok(Some(board));
    }
    // A task of its own: a visitor who leaves does not stop what others wait for.
    let computing = tokio::spawn(compute(app.clone(), slot, wanted));
    computing.await.map_err(anyhow::Error::from)?.map(Some)
}

/// One at a time: whoever waited finds what was computed meanwhile.
async fn compute(app: App, slot: Arc<Slot>, wanted: Wanted) -> Result<Arc<Board>> {
    let _turn = slot.turn.lock().await;
    if let Some(board) = slot.board(wanted) {
        return Ok(board);
    }
    let (competition, version) = (wanted.since.competition, wanted.version);
    let (revision, entries, baselines) =
        replica::read::board(&app, wanted.since, move |mut conn| async move {
            let (revision, entries) = store::ranked_entries(&mut conn, competition, version).await?;
            let baselines = store::baselines::ranked(&mut conn, competition, version).await?;
            Ok((revision, entries, baselines))
        })
        .await?;
    let revision = revision.unwrap_or(wanted.since.board_revision);
    let board = Arc::new(Board::new(wanted.version, revision, entries, baselines));
    *lock(&slot.newest) = Some(board.clone());
    app.boards.ranked.make_room(competition);
    Ok(board)
}

/// Rows after a key.
///
/// # Errors
/// Those of the database.
pub(super) async fn page(app: &App, competition: &Competition, after: Key, limit: i64) -> Result<Vec<Row>> {
    let Some(board) = board(app, competition).await? else { return Ok(Vec::new()) };
    rows(app, competition, board.after(&after, limit)).await
}

/// One team's row.
///
/// # Errors
/// Those of the database.
pub(super) async fn own_row(app: &App, competition: &Competition, team_id: TeamId) -> Result<Option<Row>> {
    let Some(board) = board(app, competition).await? else { return Ok(None) };
    let Some(place) = board.places.get(&team_id) else { return Ok(None) };
    Ok(rows(app, competition, &board.entries[*place..=*place]).await?.pop())
}

async fn rows(app: &App, competition: &Competition, entries: &[Entry]) -> Result<Vec<Row>> {
    let ids: &Vec<i64> = &entries.iter().map(|entry| entry.team_id.0).collect();
    let ask = move |mut conn: Conn| async move { store::teams(&mut conn, ids).await };
    let teams = replica::read::board(app, Since::of(competition), ask).await?;
    let mut teams: HashMap<TeamId, store::Team> =
        teams.into_iter().map(|team| (team.team_id, team)).collect();
    Ok(entries.iter().filter_map(|entry| Some(row(entry, teams.remove(&entry.team_id)?))).collect())
}

fn row(entry: &Entry, team: store::Team) -> Row {
    Row {
        rank: entry.rank.map(i64::from),
        change: entry.rank_at_midnight.zip(entry.rank).map(|(earlier, now)| i64::from(earlier - now)),
        team_id: Some(entry.team_id),
        pseudonym: None,
        people: team.people(),
        team: team.team,
        is_baseline: team.is_baseline,
        score: Some(entry.score),
        ranked: entry.ranked.clone(),
        secondary: Vec::new(),
        range: None,
        no_range: None,
        n_entries: entry.n_entries,
        last_entry_at: entry.last_entry_at,
        write_up: None,
        key: entry.key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(rank: i32, mean_rank: f64, score: f64) -> Entry {
        Entry {
            team_id: TeamId(rank.into()),
            rank: Some(rank),
            ranked: Some(Ranked { mean_rank, parts: Vec::new() }),
            score,
            n_entries: 1,
            last_entry_at: DateTime::UNIX_EPOCH,
            rank_at_midnight: None,
            key: Key { submission_id: i64::from(rank) + 70, rank: rank.into() },
        }
    }

    #[test]
    fn pages_go_on_where_the_last_row_stood() {
        let entries = vec![entry(1, 1.5, 0.3), entry(2, 1.5, 0.4), entry(3, 1.5, 0.4), entry(4, 3.0, 0.1)];
        let board = Board::new(VersionId(1), 7, entries, Vec::new());
        let ranks = |key: &Key| board.after(key, 2).iter().filter_map(|entry| entry.rank).collect::<Vec<_>>();
        assert_eq!(ranks(&Key::first()), [1, 2]);
        assert_eq!(ranks(&board.entries[1].key), [3, 4]);
        assert_eq!(ranks(&board.entries[3].key), [0; 0]);
        // A row that is gone by now leaves its rank behind.
        assert_eq!(ranks(&Key { submission_id: 9, rank: 3 }), [4]);
        assert_eq!(ranks(&Key { submission_id: 9, rank: 300 }), [0; 0]);
    }

    #[test]
    fn baselines_stand_in_their_places_and_have_no_ranks() {
        let baseline = |id, n_above| Entry {
            rank: None,
            key: Key { submission_id: id, rank: n_above },
            ..entry(9, 0.0, 0.0)
        };
        let entries = vec![entry(1, 1.5, 0.3), entry(2, 1.5, 0.4), entry(3, 3.0, 0.4)];
        let baselines = vec![baseline(1, 0), baseline(2, 2), baseline(3, 3)];
        let board = Board::new(VersionId(1), 7, entries, baselines);
        let ranks: Vec<_> = board.entries.iter().map(|entry| (entry.rank, entry.key.rank)).collect();
        assert_eq!(ranks, [(None, 0), (Some(1), 1), (Some(2), 2), (None, 2), (Some(3), 3), (None, 3)]);
        assert_eq!(board.after(&board.entries[0].key, 1)[0].rank, Some(1));
        let by_rank_alone = |rank| board.after(&Key { submission_id: 0, rank }, 1)[0].key;
        assert_eq!(by_rank_alone(1), board.entries[2].key);
        assert_eq!(by_rank_alone(2), board.entries[3].key, "the baseline behind the second");
    }

    #[test]
    fn an_older_board_or_one_of_another_version_does_not_do() {
        let board = Board::new(VersionId(1), 7, Vec::new(), Vec::new());
        let since =
            |board_revision| Since { competition: CompetitionId(1), board_revision, ranks_revision: 0 };
        let wanted = |version, revision| Wanted { since: since(revision), version };
        assert!(board.is_of(wanted(VersionId(1), 6)) && board.is_of(wanted(VersionId(1), 7)));
        assert!(!board.is_of(wanted(VersionId(1), 8)) && !board.is_of(wanted(VersionId(2), 7)));
    }
}
