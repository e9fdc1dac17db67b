//! Metrics written by hosts: a Python module in Kaggle's public protocol, called once for each split.
//!
//! The road of a call: [`tables`] aligns a submission with the solution and writes the rows of one
//! split as two CSV tables; [`sandbox`] starts [`cage`], which gives up every right and becomes Python;
//! the tables go in through a pipe, a verdict comes back through another. Before the launch, [`audit`] asks
//! one process about many files that are made up ([`session`]). How sure a score is, [`blocks`] find out: the metric is asked
//! for it without some of the rows, again and again.
//!
//! Never here: a host's code outside the cage, a label on the disk, what a metric printed in a text
//! for participants.

mod audit;
pub mod blocks;
pub mod cage;
mod examine;
pub mod sandbox;
mod score;
mod session;
mod shape;
mod syscalls;
pub mod tables;
pub mod verdict;

pub use audit::{Subject, audit};
pub use examine::{examine, examine_files};
pub use score::{Failure, Scored, score};

use holdout_contract::spec::Params;
use serde::{Deserialize, Serialize};

/// The name under which scoring versions carry a metric that their host wrote.
pub const NAME: &str = holdout_contract::custom::NAME;

/// One version of a host's metric with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Module {
    /// The text of the Python module.
    pub source: String,
    /// The keyword arguments of its function `score`.
    pub params: Params,
}
