//! Runs of notebooks from the top: every cell in order, in a fresh kernel, in a sandbox.
//!
//! The road of a run: [`runner`] waits for it, [`step`] takes it from the queue and lays out the competition's data,
//! [`sandbox`] starts [`cage`], which moves into namespaces of its own and starts Python there; what comes
//! out is stored and written down by [`finish`].
//!
//! Never here: a notebook outside of the sandbox, a solution, the scorers' key, a way to delay scoring: runs
//! are taken by a program of their own.

pub mod cage;
pub mod cli;
mod finish;
pub mod folder;
mod job;
mod mounts;
mod processes;
pub mod reply;
pub mod runner;
pub mod sandbox;
pub mod step;
mod syscalls;
