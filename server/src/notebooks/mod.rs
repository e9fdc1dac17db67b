//! Notebooks that people share: uploaded as versions that never change, drawn by this server into static
//! HTML, compared, forked, downloaded.
//!
//! Never here: anything from a notebook that could act in a reader's browser.

pub mod draw;
pub mod ipynb;
