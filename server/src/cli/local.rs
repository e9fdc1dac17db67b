//! Files of this machine: their names, their sizes, and what is said when they cannot be read.

use std::fs;
use std::io;
use std::path::Path;

use super::fault::{CliError, Outcome};

/// The last part of a path, as the server is told it.
pub fn name_of(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// # Errors
/// That the file cannot be read.
pub fn size_bytes(file: &Path) -> Outcome<u64> {
    fs::metadata(file).map(|file| file.len()).map_err(|error| unreadable(file, &error))
}

pub fn unreadable(file: &Path, error: &io::Error) -> CliError {
    CliError::Refused(format!("{} cannot be read: {error}", file.display()))
}
