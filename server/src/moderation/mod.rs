//! Moderation: what readers report, what hosts and administrators decide about it, and the record of
//! everything they do.
//!
//! Posts and notebooks are reported and decided about alike; a topic goes with its opening post.
//! A host moderates in their competition, an administrator everywhere: see `forum::subjects`. What is
//! hidden keeps its text, for its author and moderators. Never here: a moderator's name for the one who is moderated.

pub mod act;
pub mod api;
pub mod model;
pub mod newcomers;
pub mod pages;
pub mod read;
pub mod record;
pub mod report;
pub mod store;
