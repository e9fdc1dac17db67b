//! Closing a competition: once the final board stands, its hosts confirm the winners with their own
//! words, and a page names them. How it ended is told to everybody by [`ending`].
//!
//! Never here: a page before the end and the confirmation, or a winner who is not on the final board.

pub mod api;
pub mod close;
pub mod ending;
pub mod model;
pub mod pages;
pub mod read;
pub mod store;
