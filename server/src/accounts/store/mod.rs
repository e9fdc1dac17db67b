//! Every SQL statement about people.

pub mod sessions;
pub mod users;
