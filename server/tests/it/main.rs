//! Everything that is shown on a real PostgreSQL, through the real HTTP server, with real scorers.

mod plans;
mod tidy;
