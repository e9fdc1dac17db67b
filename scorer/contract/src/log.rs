//! What programs write to their log: as much as the operator asks for, as lines for people or as documents, but for lines that
//! would hold an address as it was asked for, which may hold a token.

use std::fmt::Display;
use std::io::{self, IsTerminal as _};
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Unless `RUST_LOG` says otherwise.
const USUALLY: &str = "info,sqlx::query=error";
/// Writes the address of every request, at its finest level.
const TELLS_ADDRESSES: &str = "tower_http::csrf=off";

/// Where a program's log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Stdout,
    /// Of a program whose standard output holds its answer and nothing else.
    Stderr,
}

/// Whether a log holds a document a line.
///
/// Asked for before the rest of a program's configuration, whose mistakes are told in it.
pub fn is_json() -> bool {
    std::env::var("HOLDOUT_LOG_FORMAT").is_ok_and(|format| format == "json")
}

/// Keeps this program's log from now on, as much as `RUST_LOG` asks, or as usual.
pub fn keep(output: Output) {
    let (is_terminal, writer) = match output {
        Output::Stdout => (io::stdout().is_terminal(), BoxMakeWriter::new(io::stdout)),
        Output::Stderr => (io::stderr().is_terminal(), BoxMakeWriter::new(io::stderr)),
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(silenced(EnvFilter::try_from_default_env().unwrap_or_else(|_| USUALLY.into())))
        // A line that cannot be written, as on a full disk, must not end the program.
        .log_internal_errors(false)
        .with_writer(writer);
    if is_json() {
        let _ = log.json().try_init();
        std::panic::set_hook(Box::new(tell_panic));
    } else {
        let _ = log.with_ansi(is_terminal).try_init();
    }
}

fn tell_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string);
    tracing::error!(at, "panicked: {}", panic.payload_as_str().unwrap_or("no words"));
}

/// Why a program ends whose log is kept: a line of standard error, or a document of the log.
pub fn tell_end(error: impl Display) {
    if is_json() {
        tracing::error!("{error}");
    } else {
        eprintln!("{error}");
    }
}

/// Now, as the lines of a log say it.
pub fn timestamp() -> String {
    let mut text = String::new();
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
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
