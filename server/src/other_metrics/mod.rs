//! After the end: whether another metric would have changed the winner. Scorers score the final submissions of
//! the best teams with siblings of the competition's metric, on the private rows and with every digit; what
//! follows from these scores is worked out here, for the board as it is.
//!
//! Never here: anything before the final board stands, and nothing that prizes follow from.

pub mod api;
pub mod model;
pub mod pages;
pub mod read;
pub mod store;
