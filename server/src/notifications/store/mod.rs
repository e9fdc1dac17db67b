//! Every SQL statement about follows and notifications.

pub mod bulletins;
pub mod follows;
pub mod inbox;
pub mod mail;
pub mod spread;
