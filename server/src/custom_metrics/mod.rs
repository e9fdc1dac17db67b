//! Metrics that hosts write: a Python module pinned by a scoring version, and what it said when it broke.
//!
//! Never here: running one. Only a scorer does, in its sandbox. And no word of a report for anybody but
//! the competition's hosts: the module saw the labels.

pub mod api;
pub mod choose;
pub mod model;
pub mod pages;
pub mod read;
pub mod retry;
pub mod store;
