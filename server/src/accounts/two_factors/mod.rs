//! The second factor: codes of an authenticator app (RFC 6238), and one-time recovery codes.
//!
//! Never here: a secret in the clear in the database, a recovery code anywhere but on the page that shows it
//! once, a code that is taken twice. Where to start: `set_up` begins and ends it, `prove` judges a code,
//! `requirement` says of whom the site asks it, `reseal` puts secrets under a renewed key.

pub mod challenge;
pub mod picture;
pub mod prove;
pub mod recovery;
pub mod requirement;
pub mod reseal;
pub mod reset;
pub mod seal;
pub mod set_up;
pub mod store;
pub mod totp;
