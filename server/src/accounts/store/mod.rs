//! Every SQL statement about people.

pub mod events;
pub mod links;
pub mod profiles;
pub mod sessions;
pub mod tokens;
pub mod users;
