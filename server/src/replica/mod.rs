//! A replica: a copy of the database that PostgreSQL keeps up by streaming. Where there is one, boards are read from it
//! as long as it is near; else the primary answers, and nobody notices but the log and the monitors.
//!
//! Never here: a board that is older than the competition of which it is shown. Who reads one has read the competition
//! from the primary before, and a replica that does not have its revision yet is not asked. Nothing that somebody
//! wrote and wants to see at once, and nothing that is written.
//!
//! Start at [`read`]; [`watch`] knows how near the replica is.

pub mod marks;
pub mod model;
pub mod read;
pub mod store;
pub mod watch;
