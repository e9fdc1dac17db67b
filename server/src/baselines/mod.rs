//! Baselines: files that hosts send to be compared with. Each belongs to a team of nobody, which stands on every board in its
//! place and has no rank, no medal and no prize; see [`crate::leaderboard::baselines`].
//!
//! Never here: a rank for whoever hosts. The schema lets no host into a team, and no baseline among the ranked.

pub mod api;
pub mod pages;
pub mod send;
pub mod store;
