//! Plain computations on slices that metrics share: sums, ranks, counts. No ids, no files.

mod sums;

pub use sums::sum;
