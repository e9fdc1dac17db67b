//! Medals, points and tiers: what people earned by finishes in competitions and by the votes of others.
//!
//! Everything here follows from final boards, votes and the rules in [`model`]; nothing is handed out
//! by hand: [`recompute`] makes a final board anew from its history and says what differs. Never here: a medal of a competition that is not
//! over, or that does not count, see [`decide`].

pub mod activity;
pub mod api;
pub mod decide;
pub mod model;
pub mod pages;
pub mod read;
pub mod recompute;
pub mod recomputed_api;
pub mod recomputed_page;
pub mod store;
