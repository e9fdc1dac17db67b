//! The worker: takes jobs from the queue, has a bounded child do them, writes what came out.
//!
//! Never here: a transaction open while a job runs, a private score in a log, an event or an
//! error, a participant blamed for a fault of ours. Start at [`step::step`], the whole of one job.

pub mod announce;
pub mod batch;
mod board;
mod broke;
mod cache;
pub mod child;
pub mod clean;
pub mod cli;
mod climbing;
mod comparing;
pub mod database;
pub mod depot;
pub mod doctor;
mod examinations;
pub(crate) mod finish;
mod gains;
mod give_up;
pub(crate) mod handshake;
pub mod leaving;
pub mod message;
pub mod orphans;
mod other_metrics;
pub(crate) mod patience;
mod pictures;
mod probing;
pub mod pulse;
mod ranges;
mod ranks;
pub mod read;
pub mod releasing;
pub mod rescoring;
mod resplits;
pub(crate) mod room;
pub mod run;
pub mod sealings;
mod spool;
pub mod step;
pub mod storage;
pub mod verify;
pub mod warm;
