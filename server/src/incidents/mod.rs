//! Whether the site works now, what did not and when, and what hosts may do about it.
//!
//! The house looks at facts (`facts`, `model`), opens an incident where they say that something does not work, and
//! closes it when it does again (`watch`); administrators open, tell of and end incidents themselves (`record`). When
//! one is over that kept people from the pages or from sending, the hosts of competitions that end soon are asked
//! whether theirs should end later by as much (`extend`). Ends that pass during an outage wait for it, where that was agreed
//! beforehand (`hold`).
//!
//! Never here: a competition that is over and ends later after all; its private scores are out.

pub mod api;
pub mod extend;
pub mod facts;
pub mod hold;
pub mod model;
pub mod pages;
pub mod record;
pub mod store;
pub mod watch;
