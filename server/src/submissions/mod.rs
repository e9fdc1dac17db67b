//! Submissions: from an upload to a receipt, a score or a reason.
//!
//! "Received" is said only after file, row, log entry and job stand on the disk. The daily limit is
//! counted under the team's lock. Never here: a private score before the end, or another team's
//! file.
//!
//! Start at [`submit`]; what a team sees of it is in [`read`]. [`check`] answers like it and counts for nothing, until its file is [`checked`] and submitted.

pub mod api;
pub mod api_direct;
pub mod api_final;
pub mod check;
pub mod checked;
pub mod choose;
pub mod direct;
pub mod final_choice;
pub mod live;
pub mod log;
pub mod model;
pub mod pages;
pub mod plot;
pub mod read;
pub mod remind;
pub mod store;
pub mod submit;
pub mod wait;
