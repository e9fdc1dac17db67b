//! Competitions: what they are, who may see and host them, their pages and data, their setting up
//! and launch.
//!
//! Never here: the reading of a solution. It arrives, is sealed, and only scorers open it.

pub mod access;
pub mod api;
pub mod audit;
pub mod board_shows;
pub mod changes;
pub mod cohosts;
pub mod copy;
pub mod create;
pub mod discard;
pub mod download;
pub mod edit;
pub mod emails;
pub mod files;
pub mod frame;
pub mod front;
pub mod history;
pub mod invite;
pub mod ladder;
pub mod launch;
pub mod model;
pub mod pages;
pub mod preview;
pub mod propose;
pub mod ranked;
pub mod settings;
pub mod setup;
pub mod store;
pub mod supply;
pub mod texts;
pub mod unlaunch;
pub mod visibility;
