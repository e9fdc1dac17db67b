//! What the platform holds about a person, for that person: all of it as one download (`export`), and its end
//! (`delete`). What somebody must hand over first, and what stays, is said in words before.
//!
//! Never here: a private score before the end, a secret that signs somebody in, a word about somebody else. A test reads
//! from the schema which tables name people: a new one cannot be forgotten.

pub mod api;
pub mod delete;
pub mod export;
pub mod model;
pub mod pages;
pub mod rows;
pub mod store;
