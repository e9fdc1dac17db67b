//! What is written to the log: as much as the operator asks for, but for lines that would hold an address as it was asked
//! for, which may hold a token.

use tracing_subscriber::EnvFilter;

/// Unless `RUST_LOG` says otherwise.
const USUALLY: &str = "info,sqlx::query=error";
/// Writes the address of every request, at its finest level.
const TELLS_ADDRESSES: &str = "tower_http::csrf=off";

/// As `RUST_LOG` asks, or as usual.
pub fn filter_from_env() -> EnvFilter {
    silenced(EnvFilter::try_from_default_env().unwrap_or_else(|_| USUALLY.into()))
}

/// As somebody asks.
pub fn filter(asked: &str) -> EnvFilter {
    silenced(EnvFilter::new(asked))
}

fn silenced(filter: EnvFilter) -> EnvFilter {
    match TELLS_ADDRESSES.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    }
}
