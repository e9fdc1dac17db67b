//! Texts of the whole site that its administrators write: what it stores, who runs it, on what terms it is used; and who
//! accepted these.
//!
//! Nothing is overwritten here: a text that changes is a new version, and the old ones stay readable, those of an imprint for
//! administrators.

pub mod api;
pub mod model;
pub mod pages;
pub mod store;
pub mod write;
