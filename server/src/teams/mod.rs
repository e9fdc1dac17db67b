//! Teams: who takes part in a competition, and with whom.
//!
//! A person is in one team of a competition, always: the primary key of `team_members` says so, and a
//! team that became part of another can have no people. Never here: a way into a competition without
//! accepting its rules, or a way out of a team with what it has sent.
//!
//! Start at [`join`]; [`merge`] makes one team of two, under the locks that [`seat`] describes.

pub mod api;
pub mod invite;
pub mod join;
pub mod look;
pub mod manage;
pub mod merge;
pub mod model;
pub mod pages;
pub mod seat;
pub mod store;
