//! How JSON works: problems and tokens. No rule and no SQL is here; every room has its own `api.rs`.

pub mod problems;
