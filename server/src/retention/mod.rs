//! For how long what is kept: settings with defaults that the administrators' page says in words, and the hourly cleaning
//! that keeps to them, a small batch at a time.
//!
//! Never here: a submission, its score, its receipt, or anything else that a board rests on, such as the file of what was
//! selected or stands on one. These are kept.

pub mod api;
pub mod change;
pub mod clean;
pub mod files;
pub mod model;
pub mod pages;
pub mod store;
pub mod unnamed;
