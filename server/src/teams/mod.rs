//! Teams: who takes part in a competition, and with whom.
//!
//! A person is in one team of a competition, always: the primary key of `team_members` says so.
//! Never here: a way into a competition without accepting its rules.

pub mod api;
pub mod join;
pub mod pages;
pub mod store;
