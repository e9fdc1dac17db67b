//! People: accounts, sessions, API tokens.
//!
//! Never here: a password or token in the clear in the database or a log.

pub mod model;
pub mod passwords;
pub mod sessions;
