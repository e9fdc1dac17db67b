//! Numbers against numbers.

pub mod angular;
pub mod association;
pub mod gini;
pub mod pointwise;
pub mod ratio;
pub mod worst;
