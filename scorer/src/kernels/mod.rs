//! Plain computations on slices that metrics share: ranks, counts, and what `holdout-evaluator` has of sums,
//! orders and distances. No ids, no files.

mod fenwick;
mod margins;
mod ranks;
mod weights;

pub use fenwick::{Fenwick, places};
pub use holdout_evaluator::edits::{common_subsequence, distance, text_distance};
pub use holdout_evaluator::{order_key, sum};
pub use margins::Margins;
pub use ranks::{
    SortedScores, average_ranks, average_ranks_of, counted_thresholds, kendall_tau_b, median, sums_above,
    weighted_thresholds,
};
pub use weights::{tame, tamed};
