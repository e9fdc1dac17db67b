//! Certificates: once the final board stands, every member of a ranked team has one to print, with an
//! address at which anyone reads whether it is still true.
//!
//! Never here: a certificate before the final board stands or for who is not on it, or a word of a
//! competition that is not public beyond what its certificate says. Start at [`read`].

pub mod api;
pub mod model;
pub mod pages;
pub mod read;
pub mod store;
