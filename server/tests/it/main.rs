//! Everything that is shown on a real PostgreSQL, through the real HTTP server, with real scorers.

mod accounts;
mod client;
mod competitions;
mod life;
mod plans;
mod render;
mod tidy;
mod walk;
mod world;
