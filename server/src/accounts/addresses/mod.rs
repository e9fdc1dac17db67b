//! Addresses of people: whose they are is confirmed by a link that was mailed there, by a provider of sign-in, or by an
//! administrator. What is meant for the owner of an address counts for nobody else; a new address counts once its link
//! was used.
//!
//! Never here: a word to anybody on who else has an address.

pub mod by_hand;
pub mod change;
pub mod confirm;
pub mod letters;
pub mod store;
