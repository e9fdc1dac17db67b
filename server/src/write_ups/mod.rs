//! Write-ups: after the end a team says which topic of the competition's forum tells how it did it. The final
//! board's row leads there, and the topic says whose it is.
//!
//! Never here: a topic that nobody in the team wrote or of another forum (the schema refuses it), or a link to
//! what is hidden or deleted.

pub mod api;
pub mod bind;
pub mod model;
pub mod pages;
pub mod read;
pub mod store;
