//! Images in texts: uploaded by members, drawn anew so that nothing but pixels is left of a file, and
//! shown to whom may read a text that shows them.
//!
//! Never here: a file as it was sent, or what it said of camera and place.

pub mod api;
pub mod encode;
pub mod pages;
pub mod show;
pub mod store;
pub mod upload;
