//! `holdout.lock`: which solution was sent where. What is sealed cannot be compared, so a folder
//! remembers the hash of the file that it sent beside the hash of what the server made of it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

/// The file's name in the folder.
pub const LOCK: &str = "holdout.lock";
const NOTE: &str = "Which solution each server holds. Keep this file as private as the labels: whoever has it can \
     check a guess of them.";

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Lock {
    #[serde(default)]
    note: String,
    #[serde(default)]
    sent: Vec<Sent>,
}

/// A solution that a server holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub server: String,
    pub slug: String,
    /// Of the file with the labels; unknown where it was sent from elsewhere.
    pub file_sha256: Option<String>,
    /// Of what the server stores.
    pub sealed_sha256: String,
}

impl Lock {
    /// What the folder remembers; nothing where the file is missing or no lock.
    pub fn read(folder: &Path) -> Self {
        let text = fs::read_to_string(path(folder)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub fn find(&self, server: &str, slug: &str) -> Option<&Sent> {
        self.sent.iter().find(|sent| sent.server == server && sent.slug == slug)
    }

    /// Remembers, and writes the file.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn remember(mut self, folder: &Path, sent: Sent) -> io::Result<()> {
        self.sent.retain(|known| known.server != sent.server || known.slug != sent.slug);
        self.sent.push(sent);
        NOTE.clone_into(&mut self.note);
        fs::write(path(folder), serde_json::to_string_pretty(&self)? + "\n")
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(LOCK)
}

/// Why the solution must be sent; `None` where the server is known to hold this one.
pub fn why_send(known: Option<&Sent>, held: Option<&str>, file_sha256: &str) -> Option<&'static str> {
    match (held, known) {
        (None, _) => Some("the server has none"),
        (Some(_), None) => Some("no holdout.lock tells which one the server holds"),
        (Some(held), Some(known)) if known.sealed_sha256 != held => {
            Some("the server holds one that was not sent from this folder")
        }
        (Some(_), Some(known)) if known.file_sha256.as_deref() != Some(file_sha256) => {
            Some("the file is another one")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_is_sent_unless_the_lock_vouches_for_it() {
        let sent = |file: Option<&str>| Sent {
            server: "s".to_owned(),
            slug: "c".to_owned(),
            file_sha256: file.map(str::to_owned),
            sealed_sha256: "sealed".to_owned(),
        };
        let known = sent(Some("file"));
        assert_eq!(why_send(Some(&known), Some("sealed"), "file"), None);
        assert!(why_send(Some(&known), Some("sealed"), "other").is_some());
        assert!(why_send(Some(&known), Some("another"), "file").is_some());
        assert!(why_send(Some(&sent(None)), Some("sealed"), "file").is_some());
        assert!(why_send(None, Some("sealed"), "file").is_some());
        assert!(why_send(Some(&known), None, "file").is_some());
    }
}
