//! Leaderboards: the public board while a competition is open, the private one after it.
//!
//! A board is a pure function of submissions and rules; nothing here writes a score. What is
//! computed on private rows is read from `final_entries` and `final_baselines` alone, which are empty before the end,
//! and asks for an `Ended` witness besides. Both boards' tables hold ranked teams; [`baselines`] come between their rows.
//!
//! Whoever reads rows says for whom: [`sight`] decides what of a board a viewer sees.
//!
//! Start at [`read`]; [`settle`] makes the private board, [`ranked`] those ordered by several metrics.

pub mod api;
pub mod baselines;
pub mod cache;
pub mod csv;
pub mod model;
pub mod order;
pub mod pages;
pub mod ranked;
pub mod read;
pub mod search;
pub mod settle;
pub mod sight;
pub mod store;
