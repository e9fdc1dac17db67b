//! What is said of a board whose ranks are looked at.

use holdout_contract::ranks::{RankedPart, WhyUnknown};
use holdout_contract::spec::Direction;
use serde::{Deserialize, Serialize};

use super::{FileRef, Judging};
use crate::ranks::{Digits, Duel, Pictures, RankRange};
use crate::worker::storage::Stored;

/// A board whose ranks are looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub judging: Judging,
    /// The final board, judged by the private rows.
    pub is_final: bool,
    /// Best first: the teams whose ranks are looked at, then landmarks below them.
    pub entries: Vec<BoardEntry>,
    /// Entries that are no landmarks.
    pub n_first: usize,
    /// On the whole board.
    pub n_teams: u32,
    /// Of the teams below the first ones while the competition is open, best first; lower is better.
    pub keys_below: Vec<KeyBelow>,
    /// Sealed; what was found out the last time.
    pub covariances: Option<FileRef>,
    pub seed: u64,
    /// Of the submissions' own scores.
    pub direction: Direction,
    /// While the competition is open.
    pub gains: Vec<Gain>,
    /// The metrics that teams are ranked by; empty where it is their scores.
    pub parts: Vec<RankedPart>,
}

/// A submission beside the best one that its team sent before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    pub submission: Kept,
    pub before: Kept,
}

/// A submission with what is kept of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    pub submission_id: i64,
    pub file: FileRef,
    /// Sealed; missing where nobody looked at the submission yet.
    pub influence: Option<FileRef>,
}

impl Kept {
    fn needed(&self) -> &FileRef {
        self.influence.as_ref().unwrap_or(&self.file)
    }
}

/// A team that is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KeyBelow {
    pub rank: u32,
    pub key: f64,
}

/// A team's ranked submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoardEntry {
    /// On the board.
    pub rank: u32,
    /// Lower is better.
    pub rank_key: f64,
    /// The same under every metric that teams are ranked by, where the file has a score under all of them.
    pub part_keys: Vec<f64>,
    pub kept: Kept,
}

impl Board {
    pub(super) fn files(&self) -> Vec<&FileRef> {
        let mut files = self.judging.files();
        files.extend(&self.covariances);
        files.extend(self.entries.iter().map(|entry| entry.kept.needed()));
        // Of one file more is asked than its influence.
        files.extend(self.entries.first().filter(|_| self.is_final).map(|entry| &entry.kept.file));
        files.extend(self.gains.iter().flat_map(|gain| [gain.submission.needed(), gain.before.needed()]));
        files
    }
}

/// What a look at a board came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BoardRanks {
    /// Sealed influence values of submissions that had none, already stored.
    pub made: Vec<(i64, Stored)>,
    /// Sealed.
    pub covariances: Option<Stored>,
    pub n_units: u64,
    pub counts_groups: bool,
    pub outcome: RanksOutcome,
    /// Submissions of the first teams that were not compared: nothing is known of chance in their scores. Why, where that was
    /// kept.
    pub left_out: Vec<(i64, Option<WhyUnknown>)>,
    pub gains: Vec<FoundGain>,
}

/// How far the difference of two of a team's scores would typically move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundGain {
    pub submission_id: i64,
    pub before_id: i64,
    /// `None` where the influence of one of the two is not known.
    pub standard_error: Option<f64>,
    /// The same under every metric that teams are ranked by; empty where it is their scores, or not known.
    pub part_errors: Vec<f64>,
}

/// What a look at a board came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RanksOutcome {
    /// Further submissions are to be looked at before anything can be said.
    #[default]
    Unfinished,
    /// Why there are no ranges.
    Absent(String),
    Found {
        digits: Option<Digits>,
        /// Of every metric that teams are ranked by: smaller differences are noise; `None` where no two files differ.
        part_noise: Vec<Option<f64>>,
        shake_up: Option<f64>,
        /// The first ones, in the order of the board.
        teams: Vec<TeamRanks>,
        /// Of a final board.
        pictures: Option<Pictures>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TeamRanks {
    pub range: RankRange,
    pub standard_error: f64,
    /// Of the difference to each of the first of these teams, empty below them; where teams are ranked by several metrics, to
    /// all of them under one metric after the other.
    pub difference_errors: Vec<f32>,
    /// How far its mean rank may truly lie behind that of every one of these teams; empty where teams are ranked by scores.
    pub most_behind: Vec<f32>,
    /// Against the first of these teams; of a final board, and empty where rows are not won or lost.
    pub duels: Vec<Duel>,
}
