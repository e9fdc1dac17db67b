//! Files with labels are sealed on this machine, to the scorers' key: the server stores what it cannot
//! read.

use std::fs::File;
use std::io;
use std::path::Path;

use holdout_contract::seal::Sealer;
use serde_json::Value;

use super::Session;
use super::client::Upload;
use super::fault::{CliError, Outcome};
use super::local::{name_of, size_bytes, unreadable};

/// A file that is sealed while it is sent.
pub struct Sealed<'a> {
    pub method: &'static str,
    pub path: &'a str,
    pub file: &'a Path,
}

impl Sealed<'_> {
    /// Seals and sends; the size of the file does not matter.
    ///
    /// # Errors
    /// Those of the file and of the server.
    pub fn send(&self, session: &Session) -> Outcome<Value> {
        let key = session.client.get("/api/v1/scorer-key")?;
        let recipient = key["recipient"].as_str().ok_or_else(|| {
            CliError::Refused("No scorer has announced itself to this server yet.".to_owned())
        })?;
        let name = name_of(self.file);
        let size_bytes = size_bytes(self.file)?;
        let bar = session.screen.transfer(&format!("{name} (sealed)"), size_bytes);
        let upload = Upload {
            method: self.method,
            path: self.path,
            file_name: &name,
            idempotency_key: None,
            size_bytes: None,
        };
        let sent = session.client.upload(&upload, || {
            bar.set_position(0);
            Ok(bar.wrap_read(sealed(self.file, recipient)?))
        });
        bar.finish_and_clear();
        sent
    }
}

/// The file's sealed bytes, made while they are read.
fn sealed(file: &Path, recipient: &str) -> Outcome<io::PipeReader> {
    let mut plain = File::open(file).map_err(|error| unreadable(file, &error))?;
    let (reader, writer) = io::pipe()?;
    let mut sealer = Sealer::new(recipient, writer).map_err(|error| CliError::Refused(error.to_string()))?;
    std::thread::spawn(move || {
        // A failure closes the pipe without the closing tag, and the scorer refuses the torn file.
        if io::copy(&mut plain, &mut sealer).is_ok() {
            let _ = sealer.finish();
        }
    });
    Ok(reader)
}
