//! Uploads that can be gone on with: a file that arrives in parts, over lines that break, while
//! servers restart, and is spent once by the verb it was begun for.
//!
//! An offset that was told is on the disk. Never here: two writers of one upload, a plaintext label
//! on the disk, an upload that anybody but its owner can see.
//!
//! [`begin`] asks whether the file would be taken at all; [`append`] takes bytes; [`spend`] hands the
//! whole file to a verb. `api` speaks tus 1.0, `kaggle::uploads` the protocol of Kaggle's client.

pub mod api;
pub mod append;
pub mod begin;
pub mod model;
pub mod partial;
pub mod remove;
pub mod spend;
pub mod store;
pub mod tus;
pub mod writers;
