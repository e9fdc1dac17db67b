//! Class names against class names: counts of a confusion matrix.

pub mod averaged;
pub mod binary;
pub mod ordinal;
pub mod single;
mod slopes;
