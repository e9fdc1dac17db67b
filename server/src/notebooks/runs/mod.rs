//! Runs from the top: a version of a notebook is run again by a runner, every cell in order, in its sandbox;
//! what came of it is on record for whoever may read the notebook.
//!
//! Never here: code of a notebook; a way for an output file to be shown as a page.

pub mod ask;
pub mod cancel;
pub mod drawing;
pub mod model;
pub mod read;
pub mod store;
pub mod submit;
