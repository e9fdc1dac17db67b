//! Notebooks that people share: uploaded as versions that never change, drawn by this server into static
//! HTML, compared, forked, downloaded. A notebook is a subject of the forum: its votes and comments are
//! votes and posts there.
//!
//! Never here: anything from a notebook that could act in a reader's browser; a way to share code between
//! teams but in public.
//!
//! Start at [`push`] for what comes in, at [`draw`] for what is shown.

pub mod access;
pub mod api;
pub mod compare;
pub mod data_paths;
pub mod draw;
pub mod drawing;
pub mod edit;
pub mod ipynb;
pub mod model;
pub mod openers;
pub mod pages;
pub mod push;
pub mod read_again;
pub mod runs;
pub mod score;
pub mod store;
