//! What the sandboxes of hosts' metrics ([`crate::custom`]) and of notebooks ([`crate::notebooks`]) have in common: the
//! interpreter, the process and what it says, rights given up, system calls.
//!
//! Never here: a sandbox. What each of them allows stands in its own room.

pub(crate) mod calls;
pub(crate) mod process;
pub mod python;
pub(crate) mod rights;
pub(crate) mod stream;
