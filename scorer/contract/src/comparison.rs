//! What a comparison of teams' predictions came to. No label has a part in it: it tells what files
//! have in common, and nothing about how good they are.

use serde::{Deserialize, Serialize};

/// At most so many submissions are compared, the best of the board first.
pub const MAX_SUBMISSIONS: i64 = 1000;

/// At most so many pairs are kept, the most alike first.
pub const MAX_PAIRS: usize = 200;

/// Fewer teams than these are no crowd: only files that say the same everywhere are named.
pub const LEAST_CROWD: usize = 5;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub n_teams: u32,
    pub n_submissions: u32,
    /// Submissions without a word of their own, or that cannot be read with the solution any more.
    pub n_left_out: u32,
    /// Rows that were drawn.
    pub n_rows: u32,
    /// Answers in these rows over which teams differ.
    pub n_answers: u32,
    /// The likeness in the middle of all pairs; none where there is no crowd.
    pub usual: Option<f64>,
    /// From this likeness on, a pair is named; none where there is no crowd.
    pub bound: Option<f64>,
    /// Pairs that were found; those beyond [`MAX_PAIRS`] are counted only.
    pub n_found: u32,
    /// The most alike first.
    pub pairs: Vec<Pair>,
}

/// Two submissions of different teams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    pub first: i64,
    pub second: i64,
    /// The correlation of how both depart from what all others say; none where there is no crowd.
    pub likeness: Option<f64>,
    /// Of the answers over which teams differ, those that are the same in both.
    pub n_same: u32,
}
