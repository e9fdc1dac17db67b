//! Files that look made to find out about the rows that they are judged by: scorers count the signs, hosts see them
//! with the evidence, and judge.
//!
//! Never here: a decision, a word to anybody but hosts, a label, a row, a bound.

pub mod api;
pub mod model;
pub mod pages;
pub mod store;
