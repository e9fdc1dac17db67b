//! Plain computations on slices that metrics share: sums, ranks, counts. No ids, no files.

mod edits;
mod margins;
mod radix;
mod ranks;
mod sums;

pub use edits::{common_subsequence, distance, text_distance};
pub use margins::Margins;
pub use ranks::{
    SortedScores, average_ranks, counted_thresholds, kendall_tau_b, median, order_key, weighted_thresholds,
};
pub use sums::sum;
