//! What a scorer tells of a file that looks made to find out about the rows that it is judged by. No label, and no
//! row, is among it.

use serde::{Deserialize, Serialize};

/// Counts of what speaks for probing; `None` where nothing does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signs {
    pub n_rows: u32,
    /// Rows in which it differs from the team's file before, where these are few.
    pub n_changed: Option<u32>,
    /// Rows with a prediction far outside everything that could be true.
    pub n_far_out: Option<u32>,
    /// Rows whose probabilities climb in even steps while all others have one.
    pub n_ladder: Option<u32>,
    /// Blocks of rows, in the order of the solution, that say one thing each.
    pub n_blocks: Option<u32>,
}

impl Signs {
    /// Whether anything speaks for probing.
    pub fn are_any(&self) -> bool {
        [self.n_changed, self.n_far_out, self.n_ladder, self.n_blocks].iter().any(Option::is_some)
    }
}
