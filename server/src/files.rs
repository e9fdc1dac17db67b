//! Stored files: in a folder or in an object store, as the installation says. See
//! [`holdout_contract::files`], which the scorers use as well.
//!
//! Never here: who may read a file.

pub use holdout_contract::files::{Files, Stored, Writing};
