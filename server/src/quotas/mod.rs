//! Room for files: how many bytes of each person and of each competition are kept, and how many may be. The database
//! counts them in the transaction that records a file or lets it go, and refuses what does not fit; see the migration.
//!
//! Never here: the room on a disk, which `web::space` watches; a file that was received and is refused afterwards.

pub mod add_up;
pub mod api;
pub mod ask;
pub mod change;
pub mod model;
pub mod pages;
pub mod read;
pub mod store;
