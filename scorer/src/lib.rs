//! Reads predictions, joins them with hidden labels, and computes scores.
//!
//! The road of a file: [`intake`] turns bytes into columns or a rejection, [`align`] matches ids and
//! is the only door to a metric, [`metrics`] holds the catalogue, [`score`] ties them together.
//! The command line and the worker both call [`score::score`].
//!
//! Never here: a web page, a rule of a competition, a secret other than the scorers' private key.

pub mod align;
pub mod audit;
pub mod cli;
pub mod custom;
pub mod evaluate;
pub mod examine;
pub mod example;
pub mod influence;
pub mod intake;
pub mod judge;
pub mod kernels;
mod measure;
pub mod metrics;
pub mod misfit;
pub mod notebooks;
mod placing;
pub mod probing;
pub mod python_setup;
pub mod ranks;
pub mod sample;
pub mod sandboxes;
pub mod score;
pub mod similar;
pub mod solution;
pub mod split;
pub mod splitmix;
pub mod unseal;
pub mod worker;

pub use holdout_intake::parallel;
