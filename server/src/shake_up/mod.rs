//! After the end: how far the private rows moved the teams, and a team's own scores on both.
//!
//! Never here: anything before the final board stands.

pub mod api;
pub mod pages;
pub mod plot;
pub mod read;
pub mod store;
