//! Files with labels are sealed on this machine, to the scorers' key: the server stores what it cannot
//! read. A large one is sealed into a copy under `~/.cache/holdout/sealed`, which travels in parts and is
//! gone on with by another run of the program.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdout_contract::seal::Sealer;
use indicatif::ProgressBar;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Session;
use super::client::Upload;
use super::fault::{CliError, Outcome};
use super::host::Competition;
use super::local::{name_of, size_bytes, unreadable};
use super::settings::cache_folder;
use super::tus::{self, LARGE_BYTES, Wanted};

/// An upload is forgotten a day after its last byte; a copy that old goes on nowhere.
const COPY_LASTS: Duration = Duration::from_secs(2 * 86_400);

/// How a file is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Put,
    Post,
}

/// A file that leaves this machine sealed.
pub struct Sealed<'a> {
    pub method: Method,
    pub path: &'a str,
    pub file: &'a Path,
    pub of: &'a Competition,
    /// `solution` or `table`, as uploads in parts call it.
    pub purpose: &'static str,
}

impl Sealed<'_> {
    /// Seals and sends, with a bar; the size of the file does not matter.
    ///
    /// # Errors
    /// Those of the file and of the server.
    pub fn send(&self, session: &Session) -> Outcome<Value> {
        let key = session.client.get("/api/v1/scorer-key")?;
        let recipient = key["recipient"]
            .as_str()
            .ok_or_else(|| CliError::Refused("No scorer has registered with this server yet.".to_owned()))?;
        if size_bytes(self.file)? > LARGE_BYTES {
            self.send_in_parts(session, recipient)
        } else {
            self.send_whole(session, recipient)
        }
    }

    fn send_whole(&self, session: &Session, recipient: &str) -> Outcome<Value> {
        let name = name_of(self.file);
        let bar = session.screen.transfer(&format!("{name} (sealed)"), size_bytes(self.file)?);
        let upload = Upload {
            method: match self.method {
                Method::Put => "PUT",
                Method::Post => "POST",
            },
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

    /// The copy stays until the server took it: sealed once more it would be another file, and its upload
    /// would begin anew.
    fn send_in_parts(&self, session: &Session, recipient: &str) -> Outcome<Value> {
        let folder = cache_folder()?.join("sealed");
        remove_old_copies(&folder);
        let name = name_of(self.file);
        let bar = session.screen.transfer(&format!("{name} (being sealed)"), size_bytes(self.file)?);
        let copy = sealed_copy(&folder, self.file, recipient, &bar);
        bar.finish_and_clear();
        let copy = copy?;
        let wanted = Wanted { path: &copy, name: &name, competition: &self.of.slug, purpose: self.purpose };
        let sent = tus::in_parts(session, &wanted)?.spend(|document| match self.method {
            Method::Put => session.client.put_once(self.path, document),
            Method::Post => session.client.post(self.path, document),
        })?;
        fs::remove_file(&copy)?;
        Ok(sent)
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

/// The sealed copy of a file as it is now: the one that is there, or one that is made.
fn sealed_copy(folder: &Path, file: &Path, recipient: &str, bar: &ProgressBar) -> Outcome<PathBuf> {
    let copy = folder.join(copy_name(file, recipient)?);
    if copy.exists() {
        return Ok(copy);
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let partial = copy.with_extension(format!("part-{}", std::process::id()));
    let plain = File::open(file).map_err(|error| unreadable(file, &error))?;
    let mut sealer = Sealer::new(recipient, File::create(&partial)?)
        .map_err(|error| CliError::Refused(error.to_string()))?;
    io::copy(&mut bar.wrap_read(plain), &mut sealer)?;
    sealer.finish()?.sync_all()?;
    fs::rename(&partial, &copy)?;
    Ok(copy)
}

/// A name of its own for each file as it is now, sealed to each key.
fn copy_name(file: &Path, recipient: &str) -> Outcome<String> {
    let path = fs::canonicalize(file).map_err(|error| unreadable(file, &error))?;
    let meta = fs::metadata(&path).map_err(|error| unreadable(file, &error))?;
    let modified = meta.modified().ok();
    let fingerprint = format!("{recipient}\n{}\n{}\n{modified:?}", path.display(), meta.len());
    Ok(format!("{}.age", hex::encode(&Sha256::digest(fingerprint)[..16])))
}

fn remove_old_copies(folder: &Path) {
    let is_old = |path: &Path| {
        let modified = fs::metadata(path).and_then(|meta| meta.modified());
        modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > COPY_LASTS))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_old(&entry.path()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::upload::AGE_HEADER;

    const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    #[test]
    fn a_file_has_one_sealed_copy_until_it_changes() {
        let root = std::env::temp_dir().join(format!("holdout-sealed-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&root).expect("a folder");
        let (file, folder) = (root.join("solution.csv"), root.join("sealed"));
        fs::write(&file, "id,label\n1,secret\n").expect("written");
        let copy = || sealed_copy(&folder, &file, RECIPIENT, &ProgressBar::hidden()).expect("a copy");
        let first = copy();
        let bytes = fs::read(&first).expect("read");
        assert!(bytes.starts_with(AGE_HEADER) && !bytes.windows(6).any(|part| part == b"secret"));
        assert_eq!(copy(), first);
        assert_eq!(fs::read(&first).expect("read"), bytes, "it is not sealed once more");
        fs::write(&file, "id,label\n1,another secret\n").expect("written");
        assert_ne!(copy(), first);
        fs::remove_dir_all(root).expect("removed");
    }
}
