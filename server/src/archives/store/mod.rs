//! Every SQL statement about archives.

pub mod fill;
pub mod news;
pub mod read;
