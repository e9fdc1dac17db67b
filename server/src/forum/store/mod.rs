//! Every SQL statement about forums, a module a table.

pub mod forums;
pub mod lists;
pub mod posts;
pub mod references;
pub mod subjects;
pub mod threads;
pub mod topics;
pub mod votes;
