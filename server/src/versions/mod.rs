//! Scoring versions: what scores are computed with, how a new one is prepared beside the one that
//! counts, and how it takes its place at once.
//!
//! Never here: a score. Scorers write them; the switch of all boards is one statement of the database.

pub mod api;
pub mod model;
pub mod pages;
pub mod read;
pub mod release;
pub mod rescore;
pub mod store;
pub mod verify;
