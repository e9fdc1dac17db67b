//! After the end: how often each of the best teams takes each rank when the contest is imagined again, and
//! which of their leads are more than chance. Scorers compute it from the private rows once the final board
//! stands; prizes follow exact ranks.
//!
//! Never here: anything before the final board stands. The view that is read is empty until then.

pub mod api;
pub mod model;
pub mod pages;
pub mod plot;
pub mod read;
pub mod store;
