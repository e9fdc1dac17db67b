//! People: accounts, sessions, API tokens, one-time links.
//!
//! Never here: a password, session secret or token in the clear in the database or a log; an e-mail
//! address on any page but its owner's and the administrator's.
//!
//! Where to start: `register` and `sign_in` are the verbs, `store` has the SQL, `pages` and `api`
//! are the two faces.

pub mod addresses;
pub mod api;
pub mod api_addresses;
pub mod api_entrance;
pub mod api_events;
pub mod api_identities;
pub mod api_profiles;
pub mod api_sessions;
pub mod api_two_factors;
pub mod become_admin;
pub mod by_hand;
pub mod client;
pub mod common;
pub mod events;
pub mod forms;
pub mod limits;
pub mod model;
pub mod pages;
pub mod password_changes;
pub mod passwords;
pub mod profile;
pub mod providers;
pub mod register;
pub mod secret;
pub mod sessions;
pub mod sign_in;
pub mod store;
pub mod sweep;
pub mod tokens;
pub mod two_factors;
