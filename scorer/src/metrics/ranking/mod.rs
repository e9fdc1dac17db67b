//! Ordered answers: lists of items a row, or a score for every document of a query.

pub mod graded;
pub mod lists;
pub mod pooled;
