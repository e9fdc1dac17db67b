//! Forums: topics, posts under anything that is discussed, edits that stay readable, votes.
//!
//! A post is one concept, whatever it is written under; so is a vote. What they refer to is a
//! *subject*: see [`subjects`], which also says how a room adds a kind of its own.
//!
//! Never here: HTML that was not drawn by `markdown`, a way around `competitions::access`, a count
//! over a table that grows.

pub mod api;
pub mod arrange;
pub mod forums;
pub mod list;
pub mod model;
pub mod of_hosts;
pub mod pages;
pub mod posts;
pub mod references;
pub mod store;
pub mod subjects;
pub mod threads;
pub mod topics;
pub mod votes;
