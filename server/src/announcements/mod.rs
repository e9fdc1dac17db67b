//! Announcements: what hosts tell everybody who takes part. Each is read on the competition's own page; people
//! are told once, on the site and by mail as each of them wants it.
//!
//! Never here: an announcement that disappears. One that was wrong is corrected or withdrawn, and says so.

pub mod announce;
pub mod api;
pub mod model;
pub mod pages;
pub mod read;
pub mod store;
