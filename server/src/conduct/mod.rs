//! Conduct: hosts disqualify a team or a submission, and reinstate it, each with a reason.
//!
//! Boards, medals and points follow in the same transaction: what is disqualified has no place on any
//! board as long as it lasts. Nothing is removed. Never here: a decision without a reason, or one that
//! its team is not told.

pub mod api;
pub mod judge;
pub mod model;
pub mod pages;
pub mod store;
