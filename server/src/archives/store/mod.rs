//! Every SQL statement about archives.

pub mod fill;
pub mod read;
