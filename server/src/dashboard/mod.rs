//! What hosts see of a running competition: days, waits, submissions, refused files, participants.
//!
//! Never here: a private score before the end, a label, or a cell of a participant's file.

pub mod api;
pub mod count;
pub mod csv;
pub mod model;
pub mod pages;
pub mod plot;
pub mod read;
pub mod sent;
pub mod sent_pages;
pub mod store;
