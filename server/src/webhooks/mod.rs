//! Webhooks: a host's own address is told when a submission is scored and when the competition has
//! closed. Messages are written by the database in the transaction of what they are about, signed and
//! named as Standard Webhooks says, tried again with growing patience, and kept on record.
//!
//! Never here: a score, or a request into a private network.

pub mod api;
pub mod courier;
pub mod deliver;
pub mod model;
pub mod pages;
pub mod read;
pub mod register;
pub mod sign;
pub mod store;
