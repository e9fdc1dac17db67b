//! Notifications: who follows what, what they are told on the site, and what by mail.
//!
//! A post is written without waiting for its readers: [`tell`] spreads it afterwards, and [`letters`]
//! puts what is due into the outbox. A person is told of an event once: the constraint
//! `notifications_once` sees to it, whatever is tried twice.
//!
//! Never here: somebody's address in a log, a word to whoever may not see what it is about.

pub mod api;
pub mod follow;
pub mod letters;
pub mod model;
pub mod pages;
pub mod store;
pub mod tell;
