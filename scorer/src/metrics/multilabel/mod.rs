//! Several labels a row: sets of tags, and a score for every tag.

pub mod ranked;
pub mod tags;
