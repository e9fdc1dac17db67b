//! What the web server and the scorers agree on, and nothing else: jobs and their outcomes,
//! the metric catalogue as data, the queue, sealing, where files lie, what interval a score has, and the database's
//! migrations.
//!
//! Never here: reading a submission's bytes, computing a score, opening a sealed file.

pub mod audit;
pub mod behind;
pub mod catalogue;
pub mod commitment;
pub mod comparison;
pub mod custom;
pub mod database;
pub mod events;
pub mod examine;
pub mod files;
pub mod format;
pub mod handshake;
pub mod interval;
pub mod job;
pub mod log;
pub mod mcnemar;
pub mod orphans;
mod parts;
pub mod place;
pub mod probing;
pub mod queue;
pub mod ranks;
pub mod rejection;
pub mod seal;
pub mod secrets;
pub mod spec;
mod staged;
pub mod student;
pub mod watermark;

/// The database's migrations, in order; the web server applies them at start.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Names the code that computes scores; stored beside every score.
pub const ENGINE_VERSION: &str = concat!("holdout-scorer ", env!("CARGO_PKG_VERSION"));
