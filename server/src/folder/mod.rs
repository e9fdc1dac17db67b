//! A competition as a folder: `competition.toml`, pages as Markdown, data, solution, metric.
//!
//! [`read::read`] reads one and says everything that is wrong with it, with file and line; [`write`]
//! makes one; [`diff`] tells two states apart. [`snapshot`] is what a server holds, in the same form.
//!
//! Never here: a request to a server, which is the command line's business, or a label beyond the
//! checks of the file in which it lies.

pub mod api;
pub mod diff;
pub mod links;
pub mod lock;
pub mod model;
mod parts;
pub mod problems;
pub mod read;
mod sections;
pub mod snapshot;
mod store;
mod tables;
pub mod write;

pub use parts::title_of;
