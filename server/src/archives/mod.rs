//! A whole competition as one archive, and such an archive as a competition of this installation.
//!
//! [`export`] writes it while it is sent; [`import`] fills a draft with the people, submissions and talk
//! of one. Settings, pages, data and the metric stand in it as a folder ([`crate::folder`]), which the
//! command line pushes. `docs/archive.md` says what is in it and what is not.
//!
//! Never here: a label, which no server can read; an address of a person; a score that is believed:
//! what is imported is scored anew from its bytes. Where these were let go, it is on record as it was, and takes no place
//! on a board.

pub mod api;
mod decisions;
pub mod export;
mod gone;
pub mod import;
pub mod model;
mod news;
mod people;
pub mod store;
mod turns;
mod unpacked;
