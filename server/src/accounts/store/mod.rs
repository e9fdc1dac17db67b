//! Every SQL statement about people.

pub mod sessions;
pub mod tokens;
pub mod users;
