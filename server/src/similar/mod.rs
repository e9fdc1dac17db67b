//! Similar submissions: hosts have all teams' predictions compared, and are shown pairs of teams that have
//! more in common than the crowd has. Scorers compare; hosts judge.
//!
//! Never here: a decision, a word to anybody but hosts, a file or a cell of one.

pub mod api;
pub mod ask;
pub mod model;
pub mod pages;
pub mod store;
