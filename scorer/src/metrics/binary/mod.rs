//! Truths of 0 and 1 against probabilities or scores.

pub mod curve;
pub mod loss;
pub mod top_recall;
